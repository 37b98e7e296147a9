"""How a password proves a member."""

from allauth.account.auth_backends import AuthenticationBackend


class MemberBackend(AuthenticationBackend):
    pass

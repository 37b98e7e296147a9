"""How a password proves a member."""

from allauth.account.auth_backends import AuthenticationBackend


class MemberBackend(AuthenticationBackend):
    """allauth's backend by e-mail: it hashes also for unknown addresses, so that both take the same time.

    Sessions name this class, so that what it does can change without ending them.
    """

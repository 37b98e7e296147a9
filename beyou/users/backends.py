"""How a password proves a member."""

from allauth.account.auth_backends import AuthenticationBackend

from beyou.users.models import User


class MemberBackend(AuthenticationBackend):
    """allauth's backend by e-mail: it hashes also for unknown addresses, so that both take the same time.

    Sessions name this class, so that what it does can change without ending them.
    """

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """One look-up for every address; allauth's own looks a second time for one that it does not know."""
        wanted = email.strip().lower()
        found = User.objects.filter(email=wanted).first()
        # A collation may take other letters for the same.
        if found is None or found.email != wanted:
            return None
        proved: User | None = self._check_password(found, password)
        return proved

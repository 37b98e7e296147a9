"""The form of somebody who joins with an identity provider."""

from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from beyou.instance import invitations
from beyou.users import identities, services
from beyou.users.forms import SignUpForm


class ProviderSignUpForm(SignUpForm):
    """Handle, name and address. The provider has shown who it is, so there is no password, and no toll: its
    own sign-up is one.
    """

    def __init__(self, *args: Any, identity: dict[str, Any], **kwargs: Any) -> None:
        self._identity = identity
        super().__init__(*args, **kwargs)
        del self.fields["password1"], self.fields["proof"]
        if identity["is_email_verified"]:
            self.fields["email"].help_text = "Only you see it. We send a code there if you change it."

    def is_paid(self) -> bool:
        return True

    def save(self, request: HttpRequest) -> AbstractBaseUser:
        """The member with the identity, in the caller's transaction. The address counts as confirmed when it
        is the one that the provider has confirmed. Raises `IdentityTaken`.
        """
        email: str = self.cleaned_data["email"]
        known = self._identity["is_email_verified"] and email == self._identity["email"]
        member = services.create_member(
            handle=self.cleaned_data["handle"],
            name=self.cleaned_data["name"],
            email=email,
            password=None,
            is_confirmed=known,
            awaits_approval=invitations.needs_approval(),
        )
        assert isinstance(member.pk, UUID)
        identities.link(
            member_id=member.pk, issuer=self._identity["issuer"], subject=self._identity["subject"]
        )
        return member

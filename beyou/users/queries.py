"""Reading members."""

from uuid import UUID

from allauth.account.models import EmailAddress

from beyou.users.models import User


def member_id_of_email(email: str) -> UUID | None:
    return User.objects.filter(email=email.strip().lower()).values_list("id", flat=True).first()


def is_handle_taken(handle: str) -> bool:
    return User.objects.filter(handle=handle).exists()


def is_confirmed(member_id: UUID) -> bool:
    """Whether the member has shown to read the mail of an address."""
    return EmailAddress.objects.filter(user_id=member_id, verified=True).exists()

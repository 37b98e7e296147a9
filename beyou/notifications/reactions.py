"""What members are told of, and what becomes of notices when one erased their account."""

import datetime as dt
from typing import Final

from django.conf import settings

from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.notifications import services
from beyou.notifications.rules import Kind
from beyou.privacy.events import ExportFailed, ExportReady
from beyou.users.events import (
    AccountDisowned,
    AlertRaised,
    EmailChanged,
    PasswordChanged,
    RecoveryAsked,
    RenameSettled,
    UserErased,
)
from beyou.verification.events import VerificationSettled

#: Verdict of verification → the notice and where it leads.
_VERDICTS: Final[dict[str, tuple[Kind, str]]] = {
    "approved": (Kind.VERIFIED, "/verified"),
    "rejected": (Kind.NOT_VERIFIED, "/verify"),
    "returned": (Kind.NOT_VERIFIED, "/verify"),
    "revoked": (Kind.UNVERIFIED, "/verify"),
}


@reacts_to(UserErased)
def erase_notices(event: UserErased) -> None:
    personal.erase_rows("notifications", event.member_id)


@every(dt.timedelta(days=1))
def forget_old() -> None:
    while services.forget_old():
        pass


@reacts_to(ExportReady)
def tell_of_copy(event: ExportReady) -> None:
    services.notify(member_id=event.member_id, kind=Kind.EXPORT_READY, target="/settings/data")


@reacts_to(ExportFailed)
def tell_of_failed_copy(event: ExportFailed) -> None:
    services.notify(member_id=event.member_id, kind=Kind.EXPORT_FAILED, target="/settings/data")


@reacts_to(VerificationSettled)
def tell_verdict(event: VerificationSettled) -> None:
    kind, target = _VERDICTS[event.verdict]
    services.notify(member_id=event.member_id, kind=kind, target=target)


@reacts_to(EmailChanged)
def tell_of_new_address(event: EmailChanged) -> None:
    """Every open page of the member shows it, those of other sessions too."""
    services.notify(member_id=event.member_id, kind=Kind.EMAIL_CHANGED, target="/settings/contact")


@reacts_to(RenameSettled)
def tell_of_rename(event: RenameSettled) -> None:
    kind = Kind.RENAME_GRANTED if event.is_granted else Kind.RENAME_REFUSED
    services.notify(member_id=event.member_id, kind=kind, target="/settings/profile")


@reacts_to(PasswordChanged)
def tell_of_password(event: PasswordChanged) -> None:
    services.notify(member_id=event.member_id, kind=Kind.SECURITY, target="/settings/log")


@reacts_to(RecoveryAsked)
def tell_of_recovery(event: RecoveryAsked) -> None:
    """Every open page of the owner learns of it, and leads to where it can be cancelled."""
    services.notify(member_id=event.member_id, kind=Kind.SECURITY, target="/settings/recovery")


@reacts_to(AlertRaised)
def notice_of_alert(event: AlertRaised) -> None:
    if event.is_staff:
        services.notify(
            member_id=event.recipient_id, kind=Kind.STAFF_ALERT, target=f"/{settings.STAFF_PREFIX}/alerts"
        )
    else:
        services.notify(member_id=event.recipient_id, kind=Kind.SECURITY, target="/settings/log")


@reacts_to(AccountDisowned)
def notice_to_check(event: AccountDisowned) -> None:
    """Waits until the account is open again: look what somebody may have left behind."""
    services.notify(member_id=event.member_id, kind=Kind.SECURITY, target="/settings/log/check")

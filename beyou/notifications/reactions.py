"""What members are told of, and what becomes of notices when one erased their account."""

from beyou.core import personal
from beyou.core.events import reacts_to
from beyou.notifications import services
from beyou.notifications.rules import Kind
from beyou.privacy.events import ExportFailed, ExportReady
from beyou.users.events import UserErased


@reacts_to(UserErased)
def erase_notices(event: UserErased) -> None:
    personal.erase_rows("notifications", event.member_id)


@reacts_to(ExportReady)
def tell_of_copy(event: ExportReady) -> None:
    services.notify(member_id=event.member_id, kind=Kind.EXPORT_READY, target="/settings/data")


@reacts_to(ExportFailed)
def tell_of_failed_copy(event: ExportFailed) -> None:
    services.notify(member_id=event.member_id, kind=Kind.EXPORT_FAILED, target="/settings/data")

"""Mail about copies and leaving, the work behind both, and what returns by itself."""

import datetime as dt
from uuid import UUID

from beyou.core import mail, work
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.privacy import queries, services
from beyou.privacy.events import ErasureFinished, ExportReady
from beyou.users import deletion
from beyou.users.events import DeletionCancelled, DeletionDue, DeletionRequested
from beyou.users.queries import address_of

work.worker(services.build_next)


@work.worker
def finish_erasures() -> bool:
    return services.finish_erasures() > 0


@every(dt.timedelta(minutes=1))
def erase_due() -> None:
    services.erase_due()


@every(dt.timedelta(hours=1))
def remind_of_deletion() -> None:
    deletion.remind_of_deletion()


@every(dt.timedelta(hours=1))
def sweep() -> None:
    services.sweep_exports()
    services.forget_old_addresses()


def _mail(member_id: UUID, template: str, **context: object) -> None:
    """Raises `MailNotSent`."""
    address = address_of(member_id)
    if address:
        mail.send(f"privacy/mail/{template}.txt", address, context)


@reacts_to(ExportReady)
def mail_about_copy(event: ExportReady) -> None:
    _mail(event.member_id, "export_ready", days=services.EXPORT_DAYS)


@reacts_to(DeletionRequested)
def mail_about_request(event: DeletionRequested) -> None:
    _mail(event.member_id, "deletion_requested", due=event.due_at)


@reacts_to(DeletionDue)
def mail_about_end(event: DeletionDue) -> None:
    _mail(event.member_id, "deletion_due", due=event.due_at)


@reacts_to(DeletionCancelled)
def mail_about_return(event: DeletionCancelled) -> None:
    _mail(event.member_id, "deletion_cancelled")


@reacts_to(ErasureFinished)
def mail_the_report(event: ErasureFinished) -> None:
    """The last mail; then the address is forgotten."""
    report = queries.erasure_by_id(event.erasure_id)
    address = queries.address_for_last_mail(report) if report else ""
    if report and address:
        mail.send("privacy/mail/erased.txt", address, {"report": report})
        services.forget_address(erasure_id=report.id)

"""Copies of a member's data, and the way from a closed account to its report."""

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from beyou.core import clock, keyring, limits, personal, work
from beyou.core.events import is_waiting, publish
from beyou.core.personal import Fate
from beyou.core.sealed_files import SealedWriter, read_sealed
from beyou.privacy import archive, queries
from beyou.privacy.events import ErasureFinished, ExportFailed, ExportReady
from beyou.privacy.models import DataExport, Erasure
from beyou.privacy.rules import MAX_ATTEMPTS, ErasureState, ExportState, percent
from beyou.users.deletion import erase_member
from beyou.users.events import UserErased
from beyou.users.queries import address_of, deletions_due
from beyou.users.services import hold_member

log = structlog.get_logger()

EXPORT_DAYS = 7
LEASE_MS = 60_000
#: The lease is renewed and the progress written at most this often.
_RENEW_MS = 1_000
#: How long an address waits for a mail server before it is forgotten.
_ADDRESS_FOR = dt.timedelta(days=7)


@transaction.atomic
def request_export(*, member_id: UUID) -> DataExport:
    """The member's copy is being made; one that is being made already is the answer to a repeat.

    An earlier copy is gone. Raises `RateLimited`.
    """
    hold_member(member_id)
    running = DataExport.objects.filter(open_of_id=member_id).first()
    if running is not None:
        return running
    limits.check("exports.member", str(member_id))
    for earlier in DataExport.objects.filter(member_id=member_id):
        _drop(earlier)
    _, wrapped = keyring.new_data_key()
    made = DataExport.objects.create(member_id=member_id, open_of_id=member_id, wrapped_key=wrapped)
    work.wake_after_commit()
    return made


def delete_export(*, member_id: UUID, export_id: UUID) -> None:
    """The copy is gone. Raises `NotFound` as `queries.export_for` does."""
    _drop(queries.export_for(member_id, export_id))


def open_export(export: DataExport) -> Iterator[bytes]:
    """The ZIP, piece by piece. Raises `Undecryptable` when the file was altered."""
    key = keyring.unwrap_data_key(bytes(export.wrapped_key))
    return read_sealed(queries.path_of(export.id), key, queries.context_of(export.id))


def build_next() -> bool:
    """One copy is made, or none was due. Any number of processes may call it; whoever dies loses the lease
    after a minute, and the next one begins anew.
    """
    moment = clock.now_ms()
    open_states = (ExportState.WAITING, ExportState.RUNNING)
    due = DataExport.objects.filter(state__in=open_states, lease_ms__lte=moment).order_by("id").first()
    if due is None:
        return False
    lease = moment + LEASE_MS
    mine = DataExport.objects.filter(id=due.id, state__in=open_states, lease_ms=due.lease_ms)
    if mine.update(state=ExportState.RUNNING, lease_ms=lease, attempts=due.attempts + 1, progress=0):
        if due.attempts >= MAX_ATTEMPTS:
            _fail(due)
        else:
            _Build(due, lease).run()
    return True


class _Build:
    """One attempt to make a copy."""

    def __init__(self, export: DataExport, lease_ms: int) -> None:
        self._export, self._lease_ms, self._told_ms = export, lease_ms, 0
        # A process that only seemed dead must not write into the file of the one that took over.
        self._partial = queries.folder() / f"{export.id}.{lease_ms}.part"

    def run(self) -> None:
        try:
            size = self._write()
        except _LeaseLost:
            log.warning("export.lease_lost", export_id=str(self._export.id))
        except work.Interrupted:
            # An end of the process is no failure of the copy.
            self._mine().update(lease_ms=0, attempts=self._export.attempts)
            raise
        except Exception:
            # Whatever went wrong, the row says when it is tried again.
            log.exception("export.failed", export_id=str(self._export.id))
            self._mine().update(lease_ms=clock.now_ms() + LEASE_MS)
        else:
            self._finish(size)
        finally:
            with suppress(OSError):
                self._partial.unlink(missing_ok=True)

    def _write(self) -> int:
        queries.folder().mkdir(mode=0o700, exist_ok=True)
        for left_over in queries.folder().glob(f"{self._export.id}.*.part"):
            left_over.unlink(missing_ok=True)
        key = keyring.unwrap_data_key(bytes(self._export.wrapped_key))
        writer = SealedWriter(self._partial, key, queries.context_of(self._export.id))
        try:
            archive.write(writer, self._export.member_id, self._progress)  # type: ignore[arg-type]  # a raw stream
        except BaseException:
            writer.abandon()
            raise
        writer.close()
        return writer.size

    def _progress(self, done: int, total: int) -> None:
        work.check_stopping()
        moment = clock.now_ms()
        if moment - self._told_ms < _RENEW_MS:
            return
        lease = moment + LEASE_MS
        if not self._mine().update(lease_ms=lease, progress=percent(done, total)):
            raise _LeaseLost
        self._lease_ms, self._told_ms = lease, moment

    def _mine(self) -> "QuerySet[DataExport]":
        return DataExport.objects.filter(
            id=self._export.id, lease_ms=self._lease_ms, state=ExportState.RUNNING
        )

    def _finish(self, size: int) -> None:
        path, moment = queries.path_of(self._export.id), clock.now()
        with transaction.atomic():
            if not self._mine().update(
                state=ExportState.READY,
                open_of=None,
                progress=100,
                size=size,
                ready_at=moment,
                expires_at=moment + dt.timedelta(days=EXPORT_DAYS),
            ):
                return
            # A file without its row is swept; a row without its file would be a promise that is not kept.
            os.replace(self._partial, path)
            publish(ExportReady(self._export.member_id, self._export.id))


class _LeaseLost(Exception):
    """Another process took the copy over, or it was deleted."""


def _fail(export: DataExport) -> None:
    with transaction.atomic():
        DataExport.objects.filter(id=export.id).update(state=ExportState.FAILED, open_of=None)
        publish(ExportFailed(export.member_id, export.id))


def _drop(export: DataExport) -> None:
    path = queries.path_of(export.id)
    with transaction.atomic():
        export.delete()
        transaction.on_commit(partial(path.unlink, missing_ok=True))


def sweep_exports() -> int:
    """Copies that are out of date are gone, and files that no row names; returns how many files went."""
    for row in DataExport.objects.filter(expires_at__lte=clock.now()):
        _drop(row)
    names = {str(each) for each in DataExport.objects.values_list("id", flat=True)}
    strays = [path for path in _files() if path.name.partition(".")[0] not in names]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)


def _files() -> list[Path]:
    with suppress(FileNotFoundError):
        return list(queries.folder().iterdir())
    return []


def erase_due(limit: int = 100) -> int:
    """Members whose time to think again is over are erased; returns how many were now."""
    return sum(_begin(member_id) for member_id in deletions_due(limit))


@transaction.atomic
def _begin(member_id: UUID) -> bool:
    """Account, report and event commit together: a process that dies before has done nothing."""
    hold_member(member_id)
    counts = [
        {"what": table.what, "count": count}
        for table in personal.tables()
        if table.fate is not Fate.KEPT and (count := table.rows(member_id).count())
    ]
    address = address_of(member_id)
    for export in DataExport.objects.filter(member_id=member_id):
        _drop(export)
    if not erase_member(member_id=member_id):
        return False
    report = Erasure(member_id=member_id, erased=counts)
    report.address = keyring.seal_field(address, table="privacy_erasure", column="address", row_id=report.id)
    report.save(force_insert=True)
    work.wake_after_commit()
    return True


def finish_erasures() -> int:
    """Erasures of which every app has done its part have their report; returns how many were finished."""
    finished = 0
    for report in Erasure.objects.filter(state=ErasureState.RUNNING).order_by("started_at"):
        if not is_waiting(UserErased(report.member_id)) and not personal.is_unfinished(report.member_id):
            finished += _finish_erasure(report)
    if finished:
        empty_deleted_pages()
    return finished


@transaction.atomic
def _finish_erasure(report: Erasure) -> int:
    kept = [
        {"what": table.what, "count": table.rows(report.member_id).count(), "why": table.why}
        for table in personal.tables()
        if table.fate is not Fate.ERASED
    ]
    running = Erasure.objects.filter(id=report.id, state=ErasureState.RUNNING)
    done = running.update(state=ErasureState.DONE, kept=kept, finished_at=clock.now())
    if done:
        publish(ErasureFinished(report.id))
    return done


def forget_address(*, erasure_id: UUID) -> None:
    """The last mail is sent: nothing knows the address any more."""
    Erasure.objects.filter(id=erasure_id).update(address=b"")


def forget_old_addresses() -> int:
    """No address outlives a week in which the mail could not be sent."""
    old = Erasure.objects.filter(started_at__lte=clock.now() - _ADDRESS_FOR).exclude(address=b"")
    return old.update(address=b"")


def empty_deleted_pages() -> None:
    """SQLite overwrites what is deleted (`secure_delete`), but its log still holds the pages from before: it
    is written back and cut off. Other engines reclaim and overwrite pages by themselves, in their own time.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")

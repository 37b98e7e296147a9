"""Joining where the staff let people in: saying why, giving up, deciding, and what becomes of the refused."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from beyou.audit.services import record
from beyou.core import clock, keyring
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.events import publish
from beyou.users import queries
from beyou.users.errors import JoiningDecided
from beyou.users.events import JoiningAnswered
from beyou.users.models import JoinRequest, User
from beyou.users.rules import Level, has_level
from beyou.users.services import end_sessions, hold_member

MOST_WORDS: Final = 1000
#: The refused read the answer for so long; then they are erased.
REFUSED_FOR: Final = dt.timedelta(days=7)
#: How many a page of the staff shows, the longest waiting first.
SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who wants to join, with their words and the answer."""

    row: JoinRequest
    words: str
    answer: str

    @property
    def erased_at(self) -> dt.datetime | None:
        return self.row.refused_at and self.row.refused_at + REFUSED_FOR


def _opened(sealed: bytes | memoryview, column: str, member_id: UUID) -> str:
    if not sealed:
        return ""
    return keyring.open_field(bytes(sealed), table="users_joining", column=column, row_id=member_id)


def _wish(row: JoinRequest) -> Wish:
    own = row.member_id
    return Wish(row, _opened(row.words, "words", own), _opened(row.answer, "answer", own))


def wish_of(member_id: UUID) -> Wish:
    """What the member who waits has said. Raises `NotFound`."""
    row = JoinRequest.objects.filter(member_id=member_id).first()
    if row is None:
        raise NotFound
    return _wish(row)


def answer_of(member_id: UUID) -> str:
    """What the staff answered; empty when there is nothing, or nobody, any more."""
    row = JoinRequest.objects.filter(member_id=member_id).first()
    return _wish(row).answer if row else ""


def standing(member: User) -> dict[str, Any]:
    """The same for the API."""
    wish = wish_of(member.pk)
    return {
        "since": wish.row.asked_at,
        "words": wish.words,
        "refused": wish.row.refused_at is not None,
        "answer": wish.answer,
        "erased_at": wish.erased_at,
    }


def _waiting() -> QuerySet[JoinRequest]:
    """Those who can be decided: with a confirmed address, neither refused nor on their way out."""
    confirmed = EmailAddress.objects.filter(user_id=OuterRef("member_id"), verified=True)
    rows = JoinRequest.objects.filter(
        Exists(confirmed), refused_at=None, member__is_active=True, member__deletion_due_at=None
    )
    return rows.order_by("asked_at", "member_id")


def waiting() -> list[Wish]:
    """The longest waiting first, at most `SHOWN`. One statement."""
    return [_wish(row) for row in _waiting().select_related("member")[:SHOWN]]


def waiting_count() -> int:
    """One statement."""
    return _waiting().count()


def oldest_wish() -> dt.datetime | None:
    """Since when the longest waiting waits. One statement."""
    return _waiting().values_list("asked_at", flat=True).first()


@transaction.atomic
def say_why(*, member_id: UUID, words: str) -> None:
    """The staff read these words. Raises `NotFound`, `InvalidInput`, and `JoiningDecided` for the refused."""
    if not words.strip() or len(words) > MOST_WORDS:
        raise InvalidInput(f"Say why you want to join, in up to {MOST_WORDS} characters.")
    hold_member(member_id)
    row = JoinRequest.objects.filter(member_id=member_id).first()
    if row is None:
        raise NotFound
    if row.refused_at is not None:
        raise JoiningDecided("Our staff answered. You read it here.")
    row.words = keyring.seal_field(words.strip(), table="users_joining", column="words", row_id=member_id)
    row.save(update_fields=["words"])


@transaction.atomic
def give_up(*, member_id: UUID) -> None:
    """The account of whoever waits is erased by the next job; nobody can come back. Raises `NotFound`."""
    hold_member(member_id)
    if not JoinRequest.objects.filter(member_id=member_id).exists():
        raise NotFound
    _erase_soon(member_id)
    record(act="joining.given_up", actor_id=member_id, subject_id=member_id)


def _erase_soon(member_id: UUID) -> None:
    moment = clock.now()
    User.objects.filter(id=member_id, deletion_due_at=None).update(
        deletion_due_at=moment, deletion_reminded_at=moment
    )
    end_sessions(member_id=member_id)


def let_in(*, actor_id: UUID, member_ids: Sequence[UUID]) -> tuple[int, int]:
    """Each of those who wait is a member now, and is told. Returns how many were, and how many were not:
    decided or gone meanwhile. Raises `NotFound` for whoever is no moderator.
    """

    def decide(row: JoinRequest) -> None:
        User.objects.filter(id=row.member_id).update(awaits_since=None)
        row.delete()

    return _each(actor_id, member_ids, decide, is_let_in=True)


def refuse(*, actor_id: UUID, member_ids: Sequence[UUID], answer: str = "") -> tuple[int, int]:
    """The same for those who do not become members: they read the answer, and are erased after
    `REFUSED_FOR`. Raises `NotFound`, `InvalidInput`.
    """
    if len(answer) > MOST_WORDS:
        raise InvalidInput(f"Answer in up to {MOST_WORDS} characters.")

    def decide(row: JoinRequest) -> None:
        row.refused_at, row.decided_by_id = clock.now(), actor_id
        if words := answer.strip():
            row.answer = keyring.seal_field(
                words, table="users_joining", column="answer", row_id=row.member_id
            )
        row.save(update_fields=["refused_at", "decided_by_id", "answer"])

    return _each(actor_id, member_ids, decide, is_let_in=False)


def _each(
    actor_id: UUID, member_ids: Sequence[UUID], decide: Callable[[JoinRequest], None], *, is_let_in: bool
) -> tuple[int, int]:
    if not has_level(queries.levels_of(actor_id), Level.MODERATOR):
        raise NotFound
    wanted = list(dict.fromkeys(member_ids))
    done = sum(_decide(actor_id, each, decide, is_let_in=is_let_in) for each in wanted)
    return done, len(wanted) - done


@transaction.atomic
def _decide(
    actor_id: UUID, member_id: UUID, decide: Callable[[JoinRequest], None], *, is_let_in: bool
) -> bool:
    hold_member(member_id)
    row = _waiting().filter(member_id=member_id).first()
    if row is None:
        return False
    decide(row)
    act = "joining.let_in" if is_let_in else "joining.refused"
    record(act=act, actor_id=actor_id, subject_id=member_id)
    publish(JoiningAnswered(member_id, is_let_in))
    return True


def erase_refused(limit: int = 100) -> int:
    """Those who were refused `REFUSED_FOR` ago are on their way out; returns how many were now."""
    due = JoinRequest.objects.filter(
        refused_at__lte=clock.now() - REFUSED_FOR, member__deletion_due_at=None
    ).order_by("refused_at")
    found = list(due.values_list("member_id", flat=True)[:limit])
    for member_id in found:
        with transaction.atomic():
            hold_member(member_id)
            _erase_soon(member_id)
    return len(found)

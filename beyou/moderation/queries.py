"""Reading decisions about members."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from beyou.core import clock, keyring
from beyou.core.errors import NotFound
from beyou.ledger import queries as ledger
from beyou.moderation import rules
from beyou.moderation.models import Appeal, DecisionRecord, Sanction
from beyou.moderation.rules import COUNTED, AppealState, Kind, Past, State
from beyou.users import queries as users

if TYPE_CHECKING:
    from beyou.users.models import User

MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with its words, and the appeal against it, if there is one, with its words."""

    row: Sanction
    words: str
    appeal: Appeal | None
    appeal_words: str
    answer: str
    #: Whether it was written down for the member; decisions of an older version were not.
    has_record: bool

    @property
    def state(self) -> State:
        return self.row.standing

    @property
    def can_be_appealed(self) -> bool:
        return self.appeal is None and self.state in COUNTED


def _open(sealed: bytes | memoryview, table: str, column: str, row_id: UUID) -> str:
    return keyring.open_field(bytes(sealed), table=table, column=column, row_id=row_id) if sealed else ""


def _decision(row: Sanction) -> Decision:
    appeal = getattr(row, "appeal", None)
    return Decision(
        row,
        _open(row.words, "moderation", "words", row.pk),
        appeal,
        _open(appeal.words, "moderation", "appeal", row.pk) if appeal else "",
        _open(appeal.answer, "moderation", "answer", row.pk) if appeal else "",
        bool(getattr(row, "has_record", False)),
    )


def decisions_about(member_id: UUID, *, for_staff: bool = False) -> list[Decision]:
    """Decisions about the member, the newest first; what was only proposed is the staff's. One statement."""
    rows = Sanction.objects.filter(member_id=member_id).select_related("appeal").order_by("-id")
    rows = rows.annotate(has_record=Exists(DecisionRecord.objects.filter(sanction=OuterRef("pk"))))
    if not for_staff:
        rows = rows.exclude(state__in=(State.PROPOSED, State.REFUSED))
    return [_decision(row) for row in rows[:MOST]]


def decision_for(member_id: UUID, sanction_id: UUID, *, for_update: bool = False) -> Sanction:
    """The one door of members to a decision about them. Raises `NotFound`."""
    rows = Sanction.objects.filter(id=sanction_id, member_id=member_id)
    row = (rows.select_for_update() if for_update else rows).first()
    if row is None or row.state in (State.PROPOSED, State.REFUSED):
        raise NotFound
    return row


def receipt_for(member_id: UUID, sanction_id: UUID) -> dict[str, Any]:
    """What proves to anybody what was decided about the member and what became of it, as JSON. Eight
    statements at most. Raises `NotFound`, also where nothing was written down, and `LedgerDamaged`.
    """
    row = decision_for(member_id, sanction_id)
    records = list(DecisionRecord.objects.filter(sanction=row).order_by("number"))
    if not records:
        raise NotFound
    opened = [(bytes(each.salt), _open(each.record, "moderation", "record", each.pk)) for each in records]
    return ledger.decision_receipt(opened)


def sanction_of(sanction_id: UUID) -> Sanction | None:
    """For whom has to tell the member of it."""
    return Sanction.objects.filter(id=sanction_id).select_related("member").first()


def words_of(row: Sanction) -> str:
    """What the member reads. Raises `Undecryptable`."""
    return _open(row.words, "moderation", "words", row.pk)


def appeal_said(appeal: Appeal | None) -> dict[str, str]:
    """What the member said against a decision, and the answer. Raises `Undecryptable`."""
    if appeal is None:
        return {}
    own = appeal.pk
    return {
        "appeal": _open(appeal.words, "moderation", "appeal", own),
        "answer": _open(appeal.answer, "moderation", "answer", own),
    }


def strikes_of(member_id: UUID) -> int:
    """How much counts against the member now. One statement."""
    rows = Sanction.objects.filter(member_id=member_id, state__in=COUNTED, began_at__isnull=False)
    past = [
        Past(Kind(kind), days, began)
        for kind, days, began in rows.values_list("kind", "days", "began_at")
        if began
    ]
    return rules.strikes(past, clock.now())


@dataclass(frozen=True, slots=True)
class Case:
    """An appeal, or a proposal, as somebody of the staff decides on it."""

    decision: Decision
    member: "User"
    #: Who decided before, where they still exist.
    deciders: "list[User]"
    can_decide: bool


def _cases(rows: QuerySet[Sanction], reader_id: UUID) -> list[Case]:
    found = list(rows.select_related("member", "appeal")[:MOST])
    ids = {each for row in found for each in (row.decided_by_id, row.seconded_by_id) if each}
    people = users.members_by_id(ids) if ids else {}
    return [_case(row, people, reader_id) for row in found]


def _case(row: Sanction, people: "dict[UUID, User]", reader_id: UUID) -> Case:
    deciders = [row.decided_by_id, row.seconded_by_id]
    return Case(
        _decision(row),
        row.member,
        [people[each] for each in deciders if each in people],
        reader_id != row.member_id and rules.may_decide_appeal(deciders, reader_id),
    )


def waiting_for(reader_id: UUID) -> list[Case]:
    """What waits for a second of the staff, and appeals, the oldest first. Four statements at most."""
    proposed = _cases(Sanction.objects.filter(state=State.PROPOSED).order_by("id"), reader_id)
    appealed = Sanction.objects.filter(appeal__state=AppealState.OPEN).order_by("appeal__created_at")
    return proposed + _cases(appealed, reader_id)


def waiting_count() -> int:
    """Two statements."""
    proposed = Sanction.objects.filter(state=State.PROPOSED).count()
    return proposed + Appeal.objects.filter(state=AppealState.OPEN).count()

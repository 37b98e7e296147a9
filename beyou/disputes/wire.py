"""Claims as the API writes them."""

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

from beyou.disputes import queries, rules
from beyou.disputes.models import Claim
from beyou.disputes.queries import Line, Shown
from beyou.disputes.rules import State

if TYPE_CHECKING:
    from beyou.users.models import User


def _ms(moment: dt.datetime | None) -> int | None:
    return round(moment.timestamp() * 1000) if moment else None


def _person(member: "User") -> dict[str, Any]:
    return {"id": str(member.pk), "handle": member.handle, "name": member.name}


def shown_claim(claim: Claim, member_id: UUID) -> dict[str, Any]:
    """A claim as one of its sides sees it."""
    side = queries.side_of(claim, member_id)
    return {
        "id": str(claim.pk),
        "part": claim.part.number,
        "side": side.value,
        "buyer": _person(claim.buyer),
        "seller": _person(claim.seller),
        "reason": claim.reason,
        "state": claim.state,
        "currency": claim.currency,
        "total_minor": claim.total_minor,
        "offer_minor": claim.offer_minor,
        "refund_minor": claim.refund_minor,
        "answer_by_ms": _ms(claim.answer_by) if claim.state in (State.OPEN, State.OFFERED) else None,
        "created_ms": _ms(claim.created_at),
        "ended_ms": _ms(claim.ended_at),
        "steps": sorted(step.value for step in rules.steps_of(State(claim.state), side)),
    }


def shown_line(line: Line) -> dict[str, Any]:
    """One entry of the history with what is shown beside it."""
    return {
        "at_ms": _ms(line.entry.at),
        "what": line.entry.step,
        "by": line.entry.side,
        "text": line.text,
        "amount_minor": line.entry.amount_minor,
        "pictures": [f"/claims/{line.entry.claim_id}/pictures/{each.row.pk}" for each in line.pictures],
        "messages": [_message(each) for each in line.messages],
    }


def _message(each: Shown) -> dict[str, Any]:
    return {
        "id": str(each.row.message_id),
        "sender": _person(each.sender) if each.sender else None,
        "sent_ms": _ms(each.row.sent_at),
        "text": each.text,
        "was_end_to_end": each.row.was_sealed,
    }

"""The API of reports."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictStr

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.messaging.quoting import opening_of
from beyou.moderation.rules import Reason
from beyou.reports import queries, services
from beyou.reports.models import Report
from beyou.reports.rules import MOST_MESSAGES, MOST_WORDS, Target
from beyou.users.http import member_id_of

router = Router(tags=["reports"])

_Base64 = Annotated[StrictStr, Field(max_length=200_000)]


class MyReportsQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class ReportedMessageIn(Input):
    """An end-to-end message comes with its opening: the padded payload and the key of its commitment."""

    id: UUID
    payload: _Base64 = ""
    frank_key: Annotated[StrictStr, Field(max_length=64)] = ""


class ReportIn(Input):
    """`key` is a handle for members and messages, the id of an item, or the number of a part of an order."""

    target: Target
    key: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    reason: Reason
    words: Annotated[StrictStr, Field(max_length=MOST_WORDS)] = ""
    messages: Annotated[list[ReportedMessageIn], Field(max_length=MOST_MESSAGES)] = []


def _shown(row: Report, words: str, answer: str) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "target": row.case.target,
        "reason": row.reason,
        "words": words,
        "state": row.case.state,
        "outcome": row.case.outcome_words,
        "answer": answer,
        "created_ms": round(row.created_at.timestamp() * 1000),
    }


@router.get("/reports")
def list_reports(request: HttpRequest, query: Query[MyReportsQuery]) -> HttpResponse:
    """What I reported and what became of it, the newest first."""
    page = queries.my_reports(member_id_of(request), before=query.cursor, limit=query.limit)
    items = [_shown(*each) for each in page.items]
    return json_response({"items": items, "next": str(page.next) if page.next else None})


@router.post("/reports")
def make_report(request: HttpRequest, body: ReportIn) -> HttpResponse:
    """I report a member, messages, an item or an order to the staff."""
    made = services.report(
        reporter_id=member_id_of(request),
        target=body.target,
        key=body.key,
        reason=body.reason,
        words=body.words,
        message_ids=[each.id for each in body.messages],
        openings={
            each.id: opening_of(each.payload, each.frank_key) for each in body.messages if each.payload
        },
    )
    return json_response(_shown(made, body.words.strip(), ""), status=201)

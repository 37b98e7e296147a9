"""The API of the activity centre."""

from typing import Annotated, Any, cast
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from beyou.core.templatetags.beyou import picture_url
from beyou.notifications import queries, services
from beyou.users.http import MemberRequest

router = Router(tags=["notifications"])


class PageQuery(Schema):
    model_config = ConfigDict(extra="forbid")
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


def _answer(value: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), content_type="application/json")


def _me(request: HttpRequest) -> UUID:
    return cast(MemberRequest, request).member.pk


@router.get("/notifications")
def list_notifications(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """Notices, the newest first."""
    page = queries.notification_page(_me(request), before=query.cursor, limit=query.limit)
    items = [
        {
            "id": str(row.id),
            "kind": row.kind,
            "actor": row.actor
            and {
                "id": str(row.actor_id),
                "handle": row.actor.handle,
                "name": row.actor.name,
                "picture": picture_url(row.actor),
                "is_verified": row.actor.is_verified,
            },
            "text": row.text,
            "target": row.target,
            "created_ms": round(row.created_at.timestamp() * 1000),
            "is_read": row.read_at is not None,
        }
        for row in page.items
    ]
    return _answer({"items": items, "next": str(page.next) if page.next else None})


@router.post("/notifications/read")
def read_all(request: HttpRequest) -> HttpResponse:
    """Every notice counts as seen."""
    services.mark_read(member_id=_me(request))
    return HttpResponse(status=204)

"""The API of the activity centre."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.core.templatetags.beyou import picture_url
from beyou.notifications import queries, services
from beyou.users.http import member_id_of

router = Router(tags=["notifications"])


class PageQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


@router.get("/notifications")
def list_notifications(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """Notices, the newest first."""
    page = queries.notification_page(member_id_of(request), before=query.cursor, limit=query.limit)
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
    return json_response({"items": items, "next": str(page.next) if page.next else None})


@router.post("/notifications/read")
def read_all(request: HttpRequest) -> HttpResponse:
    """Every notice counts as seen."""
    services.mark_read(member_id=member_id_of(request))
    return HttpResponse(status=204)

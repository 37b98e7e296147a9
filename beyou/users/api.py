"""The API of a member's own account."""

from typing import Any, cast
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Router

from beyou.users import access_tokens, queries
from beyou.users.http import MemberRequest
from beyou.users.models import AccessToken

router = Router(tags=["account"])


def _token(token: AccessToken) -> dict[str, Any]:
    used = token.last_used_at
    return {
        "id": str(token.pk),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes.split(),
        "created_ms": round(token.created_at.timestamp() * 1000),
        "expires_ms": round(token.expires_at.timestamp() * 1000),
        "last_used_ms": None if used is None else round(used.timestamp() * 1000),
    }


@router.get("/tokens")
def list_tokens(request: HttpRequest) -> HttpResponse:
    """The member's usable tokens, the newest first; never their secrets."""
    found = queries.usable_tokens(cast(MemberRequest, request).member.pk)
    body = {"items": [_token(token) for token in found], "next": None}
    return HttpResponse(orjson.dumps(body), content_type="application/json")


@router.delete("/tokens/{uuid:token_id}")
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """The token opens nothing from now on."""
    access_tokens.revoke_token(member_id=cast(MemberRequest, request).member.pk, token_id=token_id)
    return HttpResponse(status=204)

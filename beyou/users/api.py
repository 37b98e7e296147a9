"""The API of a member's own account."""

from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from ninja import File, Query, Router
from ninja.files import UploadedFile
from pydantic import Field

from beyou.core import clock
from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.core.templatetags.beyou import picture_url
from beyou.users import access_tokens, queries, security_log, services, takeover
from beyou.users.http import DECISIONS, MemberRequest, member_id_of, own_session, sign_in_attempt
from beyou.users.models import AccessToken, User
from beyou.users.schemas import MeIn, MeOut, PrivacyOut
from beyou.users.session_store import SessionStore

router = Router(tags=["account"])


class PageQuery(Input):
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = security_log.PAGE


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@router.get("/session")
def when_session_ends(request: HttpRequest) -> HttpResponse:
    """When this session ends unless it is used. Asking does not keep it alive. `csrf` is what unsafe requests
    of this browser carry from now on.
    """
    session = cast(SessionStore, request.session)
    return json_response(
        {
            "member": str(member_id_of(request)),
            "ends_ms": clock.now_ms() + session.ms_left,
            "now_ms": clock.now_ms(),
            "can_be_longer": session.can_be_longer,
            "csrf": get_token(request),
        }
    )


@router.post("/session")
def stay_signed_in(request: HttpRequest) -> HttpResponse:
    """The idle time of this session begins anew; its absolute end stays."""
    cast(SessionStore, request.session).touch()
    return when_session_ends(request)


@router.get("/sessions")
def list_sessions(request: HttpRequest) -> HttpResponse:
    """Where the member is signed in, the session used last first."""
    own = own_session(request)
    items = [
        {
            "id": str(row.id),
            "device": row.device,
            "kind": row.device_kind,
            "address": row.address,
            "country": row.country,
            "method": row.method,
            "created_ms": _ms(row.created_at),
            "seen_ms": _ms(row.seen_at),
            "is_this_one": row.key_digest == own,
        }
        for row in security_log.open_sessions(member_id_of(request))
    ]
    return json_response({"items": items, "next": None})


@router.delete("/sessions")
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Every session of the member ends but this one."""
    member_id = member_id_of(request)
    ended = takeover.end_other_sessions(member_id=member_id, attempt=sign_in_attempt(request))
    return json_response({"ended": ended})


@router.delete("/sessions/{uuid:session_id}")
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """This session of the member has ended, and its sockets are closed."""
    member_id = member_id_of(request)
    takeover.end_session(member_id=member_id, session_id=session_id, attempt=sign_in_attempt(request))
    return HttpResponse(status=204)


@router.get("/security-log")
def list_security_log(request: HttpRequest, query: Query[PageQuery]) -> HttpResponse:
    """What happened to the account, the newest first."""
    page = security_log.log_page(member_id_of(request), before=query.cursor, limit=query.limit)
    items = [
        {
            "id": str(entry.id),
            "kind": entry.kind,
            "text": entry.text,
            "place": entry.place,
            "at_ms": _ms(entry.at),
            "is_alarming": entry.is_alarming,
        }
        for entry in page.items
    ]
    return json_response({"items": items, "next": str(page.next) if page.next else None})


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
    found = queries.usable_tokens(member_id_of(request))
    body = {"items": [_token(token) for token in found], "next": None}
    return json_response(body)


@router.delete("/tokens/{uuid:token_id}")
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """The token opens nothing from now on."""
    access_tokens.revoke_token(
        member_id=member_id_of(request),
        token_id=token_id,
        attempt=sign_in_attempt(request),
    )
    return HttpResponse(status=204)


def _member(request: HttpRequest) -> User:
    return cast(MemberRequest, request).member


def _me(member: User) -> HttpResponse:
    # Only a verified member's rename waits, so that nobody else pays for the question.
    pending = queries.pending_rename(member.pk) if member.is_verified else None
    body = {
        "id": str(member.pk),
        "handle": member.handle,
        "name": member.name,
        "bio": member.bio,
        "accent": member.accent,
        "picture": picture_url(member),
        "is_verified": member.is_verified,
        "pending_rename": pending and {"handle": pending.handle, "name": pending.name},
        "limited": {"until": member.limited_until, "why": member.limited_for, "at": DECISIONS}
        if member.is_limited
        else None,
        "privacy": {name: getattr(member, name) for name in PrivacyOut.model_fields},
    }
    return json_response(body)


@router.get("/me", response=MeOut)
def get_me(request: HttpRequest) -> HttpResponse:
    """Who is signed in, as others see the member, and the choices of privacy. Never contact data."""
    return _me(_member(request))


@router.patch("/me", response=MeOut)
def change_me(request: HttpRequest, body: MeIn) -> HttpResponse:
    """Changes what is given. A verified member's handle and name become `pending_rename` first."""
    given = body.model_dump(exclude_unset=True)
    privacy = given.pop("privacy", {})
    member = _member(request)
    if given:
        member = services.change_profile(member_id=member.pk, **given).member
    if privacy:
        member = services.change_privacy(member_id=member.pk, **privacy)
    return _me(member)


@router.post("/me/picture", response=MeOut)
def set_my_picture(request: HttpRequest, picture: File[UploadedFile]) -> HttpResponse:
    """JPEG, PNG, WebP or GIF of at most 8 MiB as `multipart/form-data`; its middle square is kept."""
    return _me(services.set_picture(member_id=member_id_of(request), data=picture.read()))


@router.delete("/me/picture", response=MeOut)
def remove_my_picture(request: HttpRequest) -> HttpResponse:
    """Initials again; a repeat changes nothing."""
    return _me(services.remove_picture(member_id=member_id_of(request)))

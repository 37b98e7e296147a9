"""Every address of the site, who may use it and how. A pattern that is missing here fails the suite."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from beyou.core.ids import uuid7
from beyou.users.rules import Level


class Access(StrEnum):
    """Who gets what was asked for; everybody else gets the answer in brackets."""

    PUBLIC = "everybody"
    GUEST = "visitors (members, and visitors who skipped a step, are sent elsewhere)"
    MEMBER = "members (visitors are sent to sign in)"
    OWNER = "those whom the object belongs to (other members: as if it did not exist)"
    FRIEND = "friends of the person whom it names (other members: refused)"
    VERIFIED = "verified members (other members: refused, with the way to get verified)"
    STAFF = "staff (members: as if it did not exist)"
    APP = "everybody, by a header of apps; cookies count for nothing, so there is no request to forge"
    DECOY = "nobody; whoever asks, however, is refused and recorded"
    NOBODY = "nobody; it exists only in development, or to be reversed"


@dataclass(frozen=True, slots=True)
class Route:
    access: Access
    methods: frozenset[str]
    #: What a good POST sends, so that it is refused for who asks and not for what is asked.
    body: Callable[[], dict[str, Any]] = dict
    #: Which level opens a staff page besides owners; any level when there is none.
    level: Level | None = None


def _get(access: Access) -> Route:
    return Route(access, frozenset({"GET", "HEAD"}))


def _post(access: Access, body: Callable[[], dict[str, Any]] = dict) -> Route:
    return Route(access, frozenset({"POST"}), body)


def _form(access: Access) -> Route:
    return Route(access, frozenset({"GET", "HEAD", "POST"}))


#: Ninja answers HEAD with 405, as its own list of methods says.
def _api(access: Access, *methods: str, body: Callable[[], dict[str, Any]] = dict) -> Route:
    return Route(access, frozenset(methods), body)


def _staff(level: Level | None, *methods: str, body: Callable[[], dict[str, Any]] = dict) -> Route:
    shown = {"HEAD"} if "GET" in methods else set()
    return Route(Access.STAFF, frozenset(methods) | shown, body, level)


def _draft() -> dict[str, Any]:
    return {"id": str(uuid7()), "text": "Hello"}


def _review() -> dict[str, Any]:
    return {"why": "expired", "parts": "image", "note": "Another one, please."}


P, G, M, O, F = Access.PUBLIC, Access.GUEST, Access.MEMBER, Access.OWNER, Access.FRIEND  # noqa: E741  (a table)

#: Where the staff pages are; the suite's secret prefix.
S = f"{settings.STAFF_PREFIX}/"

ROUTES: dict[str, Route] = {
    # The instance
    "": _get(P),
    "offline": _get(P),
    "about/security": _get(P),
    "sw.js": _get(P),
    "manifest.webmanifest": _get(P),
    "favicon.ico": _get(P),
    "healthz/live": _get(P),
    "healthz/ready": _get(P),
    # The member's own pages
    "home": _get(M),
    "settings": _get(M),
    "settings/look": _form(M),
    "settings/profile": _form(M),
    "settings/profile/picture": _post(M),
    "settings/profile/picture/remove": _post(M),
    "settings/profile/rename/withdraw": _post(M),
    "settings/privacy": _form(M),
    "settings/contact": _get(M),
    "settings/contact/email": _post(M),
    "settings/contact/email/code": _post(M),
    "settings/contact/email/cancel": _post(M),
    "settings/contact/email/lost": _post(M),
    "settings/contact/phone": _post(M),
    "settings/contact/phone/remove": _post(M),
    "email-change/<slug:change_token>": _form(P),
    # Joining and signing in
    "join": _form(G),
    "join/code": _form(G),
    "join/again": _get(G),
    "sign-in": _form(G),
    "sign-in/second-step": _form(G),
    "sign-in/passkey": _post(G),
    "sign-in/passkey/options": _post(P),
    "confirm": _form(M),
    "sign-out": _post(P),
    "recover": _form(P),
    "recover/sent": _get(P),
    "recover/link/<str:token>": _get(P),
    "recover/password": _form(P),
    "recover/account": _form(P),
    "recover/account/asked": _get(P),
    "recover/account/cancel/<str:token>": _form(P),
    "recover/account/link/<str:token>": _get(P),
    "recover/account/password": _form(P),
    "settings/password": _form(M),
    "join/with": _form(G),
    "sign-in/with/<slug:provider_id>": _post(G),
    "sign-in/with/<slug:provider_id>/back": _get(P),
    "settings/recovery": _form(M),
    "dev/mail": Route(Access.NOBODY, frozenset()),
    "dev/code": Route(Access.NOBODY, frozenset()),
    "dev/keys": Route(Access.NOBODY, frozenset()),
    "dev/keys/<slug:handle>.pem": Route(Access.NOBODY, frozenset()),
    "settings/second-step": _get(M),
    "settings/second-step/app": _form(M),
    "settings/second-step/app/remove": _form(M),
    "settings/second-step/codes": _form(M),
    "settings/second-step/passkeys/new": _form(M),
    "settings/second-step/passkeys/<uuid:passkey_id>": _form(O),
    "settings/second-step/passkeys/<uuid:passkey_id>/remove": _post(O),
    "settings/keys": _get(M),
    "settings/keys/devices/<uuid:device_id>/revoke": _post(O),
    "settings/sessions": _get(M),
    "settings/sessions/others/end": _post(M),
    "settings/sessions/stay": _post(M),
    "settings/sessions/<uuid:session_id>/end": _post(O),
    "settings/log": _get(M),
    "settings/log/check": _get(M),
    "settings/log/<uuid:entry_id>/not-me": _form(O),
    "settings/new-password": _form(M),
    "settings/data": _get(M),
    "settings/data/exports": _post(M),
    "settings/data/exports/<uuid:export_id>": _get(O),
    "settings/data/exports/<uuid:export_id>/delete": _post(O),
    "settings/data/leave": _form(M),
    "leaving": _form(M),
    "settings/sign-in-ways": _get(M),
    "settings/sign-in-ways/<slug:provider_id>/connect": _post(M),
    "settings/sign-in-ways/<uuid:identity_id>/disconnect": _post(O),
    "settings/tokens": _form(M),
    "settings/tokens/<uuid:token_id>/revoke": _post(O),
    # People
    "activity": _get(M),
    "activity/read": _post(M),
    "activity/<uuid:notification_id>": _post(O),
    "friends": _get(M),
    "friends/search": _get(M),
    "friends/blocked": _get(M),
    "verify": _form(M),
    "verify/status": _get(M),
    "verify/withdraw": _post(M),
    "verified": _get(M),
    "verified/members": _get(Access.VERIFIED),
    "u/<slug:handle>": _get(M),
    "pictures/<uuid:media_id>": _get(M),
    "u/<slug:handle>/friendship": _post(M),
    "u/<slug:handle>/block": _form(M),
    "u/<slug:handle>/block-reason": _post(O),
    "u/<slug:handle>/unblock": _post(O),
    # The staff's pages
    S: _staff(None, "GET"),
    f"{S}staff": _staff(Level.OWNER, "GET", "POST", body=lambda: {"handle": "charlie", "level": "moderator"}),
    f"{S}staff/withdraw": _staff(
        Level.OWNER, "POST", body=lambda: {"member": str(uuid7()), "level": "moderator"}
    ),
    f"{S}queue": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/decided": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/renames/<uuid:rename_id>": _staff(
        Level.VERIFIER, "GET", "POST", body=lambda: {"verdict": "refuse", "note": "It is somebody else's."}
    ),
    f"{S}queue/<uuid:request_id>": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/<uuid:request_id>/document": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/<uuid:request_id>/revoke": _staff(
        Level.OWNER, "GET", "POST", body=lambda: {"note": "Forged."}
    ),
    **{
        f"{S}queue/<uuid:request_id>/{step}": _staff(Level.VERIFIER, "POST", body=_review)
        for step in ("claim", "renew", "release", "approve", "undo", "reject", "ask")
    },
    f"{S}recoveries": _staff(Level.VERIFIER, "GET"),
    f"{S}recoveries/<uuid:recovery_id>": _staff(Level.VERIFIER, "GET"),
    f"{S}recoveries/<uuid:recovery_id>/approve": _staff(Level.VERIFIER, "POST"),
    f"{S}recoveries/<uuid:recovery_id>/refuse": _staff(
        Level.VERIFIER, "POST", body=lambda: {"answer": "Please come to the office."}
    ),
    f"{S}audit": _staff(Level.AUDITOR, "GET"),
    f"{S}alerts": _staff(Level.MODERATOR, "GET"),
    "admin/": Route(Access.DECOY, frozenset()),
    "admin/<path:rest>": Route(Access.DECOY, frozenset()),
    # Chats
    "chats": _get(M),
    "chats/recent": _get(M),
    "chats/<uuid:conversation_id>": _get(O),
    "chats/<uuid:conversation_id>/send": _post(O, _draft),
    "chats/<uuid:conversation_id>/read": _post(O, lambda: {"seq": 1}),
    "chats/with/<slug:handle>": _post(F),
    # The API
    "api/v1/": Route(Access.NOBODY, frozenset()),
    "api/v1/openapi.json": _get(P),
    "api/v1/me": _api(M, "GET", "PATCH"),
    "api/v1/me/picture": _api(M, "POST", "DELETE"),
    "api/v1/conversations": _api(M, "GET", "POST"),
    "api/v1/conversations/<uuidstr:conversation_id>": _api(O, "GET"),
    "api/v1/conversations/<uuidstr:conversation_id>/roster": _api(O, "GET"),
    "api/v1/conversations/<uuidstr:conversation_id>/messages": _api(O, "GET", "POST", body=_draft),
    "api/v1/conversations/<uuidstr:conversation_id>/receipts": _api(
        O, "POST", body=lambda: {"delivered": 1, "read": 1}
    ),
    "api/v1/conversations/<uuidstr:conversation_id>/proofs": _api(O, "GET"),
    "api/v1/ledger/messages/<uuidstr:message_id>/receipt": _api(O, "GET"),
    "api/v1/session": _api(M, "GET", "POST"),
    "api/v1/sessions": _api(M, "GET", "DELETE"),
    "api/v1/sessions/<uuidstr:session_id>": _api(O, "DELETE"),
    "api/v1/security-log": _api(M, "GET"),
    "api/v1/tokens": _api(M, "GET"),
    "api/v1/tokens/<uuidstr:token_id>": _api(O, "DELETE"),
    "api/v1/keys": _api(M, "POST"),
    "api/v1/keys/challenge": _api(M, "POST"),
    "api/v1/keys/mine": _api(M, "GET"),
    "api/v1/keys/retired": _api(M, "GET"),
    "api/v1/keys/recovery": _api(M, "POST", body=lambda: {"remind_in_days": 1}),
    "api/v1/keys/devices/<uuidstr:device_id>": _api(O, "DELETE"),
    "api/v1/friends": _api(M, "GET"),
    "api/v1/friends/requests": _api(M, "GET"),
    "api/v1/members": _api(M, "GET"),
    "api/v1/verified-members": _api(Access.VERIFIED, "GET"),
    "api/v1/members/<slug:handle>": _api(M, "GET"),
    "api/v1/members/<slug:handle>/friendship": _api(M, "POST"),
    "api/v1/notifications": _api(M, "GET"),
    "api/v1/notifications/read": _api(M, "POST"),
    # Signing in by an app: open to all, and cookies count for nothing
    "api/v1/auth/session": _api(Access.APP, "GET", "DELETE"),
    "api/v1/auth/sign-in": _api(Access.APP, "POST"),
    "api/v1/auth/code": _api(Access.APP, "POST"),
    "api/v1/auth/second-step": _api(Access.APP, "POST"),
    "api/v1/auth/code/again": _api(Access.APP, "POST"),
    # The public ledger
    "api/v1/ledger/checkpoint": _api(P, "GET"),
    "api/v1/ledger/vkey": _api(P, "GET"),
    "api/v1/ledger/tile/<int:level>/<path:position>": _api(P, "GET"),
    "api/v1/ledger/blocks/<int:number>": _api(P, "GET"),
    "api/v1/ledger/proof/consistency": _api(P, "GET"),
}


def patterns() -> Iterator[str]:
    """The pattern of every view that the resolver can reach, as Django writes it.

    Ninja mounts one view once for each of its operations.
    """
    yield from dict.fromkeys(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield pattern
        else:
            yield from _walk(entry, pattern)

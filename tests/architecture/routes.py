"""Every address of the site, who may use it and how. A pattern that is missing here fails the suite."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from beyou.core.ids import uuid7
from beyou.instance.options import Section
from beyou.marketplace.models import Category
from beyou.orders.models import Order
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
    HIDDEN = "owners of the instance (everybody else, visitors too: as if there were no such address)"
    APP = (
        "everybody, by a header of apps or gateways; cookies count for nothing, so there is nothing to forge"
    )
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


def _hidden() -> Route:
    return Route(Access.HIDDEN, frozenset({"GET", "HEAD"}), level=Level.OWNER)


def _staff_api(
    *methods: str, body: Callable[[], dict[str, Any]] = dict, level: Level = Level.MODERATOR
) -> Route:
    return Route(Access.STAFF, frozenset(methods), body, level)


def _draft() -> dict[str, Any]:
    return {"id": str(uuid7()), "text": "Hello"}


def _review() -> dict[str, Any]:
    return {"why": "expired", "parts": "image", "to": "owner", "note": "Another one, please."}


def _sanction() -> dict[str, Any]:
    return {"what": "warning", "reason": "spam", "words": "Please stop.", "do": "preview"}


def _word() -> dict[str, Any]:
    return {"pattern": "snake oil", "action": "flag", "places": "items", "do": "preview"}


def _claim() -> dict[str, Any]:
    """Whatever a step of a claim may want."""
    return {"text": "It is made of tin.", "amount": "5.00", "seen": "500"}


def _pay() -> dict[str, Any]:
    """For the order that alice has bought, which is answered by where it is."""
    number = Order.objects.filter(buyer__handle="alice").values_list("number", flat=True).first()
    address = dict.fromkeys(("name", "street", "postcode", "city", "country"), "x")
    return {"number": number or "AAAA-AAAA-AAAA", "total_minor": 2850, "address": address}


def _retired() -> dict[str, Any]:
    """For the category of lamps, whose items cannot stay where they are: it is there afterwards, too."""
    return {"into": Category.objects.get(slug="lamps").pk}


P, G, M, O, F = Access.PUBLIC, Access.GUEST, Access.MEMBER, Access.OWNER, Access.FRIEND  # noqa: E741  (a table)

#: Where the staff pages and the back room are; the suite's secret prefixes.
S = f"{settings.STAFF_PREFIX}/"
B = f"{settings.ADMIN_PATH}/"

ROUTES: dict[str, Route] = {
    # The instance
    "": _get(P),
    "offline": _get(P),
    "about/security": _get(P),
    "rules": _get(P),
    "announcements": _get(P),
    "announcements/<uuid:announcement_id>/dismiss": _post(P),
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
    "waiting": _form(M),
    "waiting/give-up": _post(M),
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
    # The market
    "market": _get(M),
    "market/c/<slug:category>": _get(M),
    "market/favourites": _get(M),
    "market/searches": _get(M),
    "market/searches/save": _post(M, lambda: {"name": "Lamps", "question": "q=lamp"}),
    "market/searches/<uuid:search_id>/open": _post(O),
    "market/searches/<uuid:search_id>/rename": _post(O, lambda: {"name": "Lights"}),
    "market/searches/<uuid:search_id>/alerts": _post(O),
    "market/searches/<uuid:search_id>/delete": _post(O),
    "market/i/<uuid:item_id>": _get(M),
    "market/i/<uuid:item_id>-<slug:slug>": _get(M),
    "market/i/<uuid:item_id>/like": _post(M),
    "market/i/<uuid:item_id>/unlike": _post(M),
    "market/i/<uuid:item_id>/step": _post(Access.VERIFIED, lambda: {"step": "pause"}),
    "market/i/<uuid:item_id>/delete": _post(O),
    "market/pictures/<uuid:image_id>": _get(M),
    "market/sell": _get(Access.VERIFIED),
    "market/sell/<uuid:item_id>": _form(Access.VERIFIED),
    "selling/items": _get(M),
    "market/sellers/<slug:handle>": _get(M),
    "ratings/<slug:number>": _form(O),
    "ratings/<uuid:rating_id>/reply": _post(O, lambda: {"text": "Thank you."}),
    "ratings/reminders": _post(M),
    # The staff's pages
    S: _staff(None, "GET"),
    f"{S}staff": _staff(Level.OWNER, "GET", "POST", body=lambda: {"handle": "charlie", "level": "moderator"}),
    f"{S}staff/withdraw": _staff(
        Level.OWNER, "POST", body=lambda: {"member": str(uuid7()), "level": "moderator"}
    ),
    f"{S}members": _staff(Level.MODERATOR, "GET"),
    f"{S}members/<uuid:member_id>": _staff(Level.MODERATOR, "GET"),
    f"{S}members/<uuid:member_id>/show": _staff(
        Level.MODERATOR, "POST", body=lambda: {"why": "He asked us to."}
    ),
    f"{S}members/<uuid:member_id>/end-sessions": _staff(
        Level.MODERATOR, "POST", body=lambda: {"why": "He asked us to."}
    ),
    f"{S}members/<uuid:member_id>/sanction": _staff(Level.MODERATOR, "POST", body=_sanction),
    f"{S}reports": _staff(Level.MODERATOR, "GET"),
    f"{S}reports/decided": _staff(Level.MODERATOR, "GET"),
    f"{S}reports/undo": _staff(Level.MODERATOR, "POST"),
    f"{S}reports/several": _staff(Level.MODERATOR, "GET", "POST"),
    f"{S}reports/<uuid:case_id>": _staff(Level.MODERATOR, "GET"),
    f"{S}reports/<uuid:case_id>/pictures/<uuid:shown_id>": _staff(Level.MODERATOR, "GET"),
    **{
        f"{S}reports/<uuid:case_id>/{step}": _staff(Level.MODERATOR, "POST", body=_sanction)
        for step in (
            "hold",
            "release",
            "dismiss",
            "settle",
            "sanction",
            "take-off",
            "remove",
            "remove-messages",
            "reopen",
        )
    },
    f"{S}filters": _staff(None, "GET", "POST"),
    f"{S}filters/open": _staff(None, "GET"),
    f"{S}filters/rename": _staff(None, "POST"),
    f"{S}filters/delete": _staff(None, "POST"),
    f"{S}automatic-help": _staff(Level.MODERATOR, "GET", "POST", body=_word),
    f"{S}automatic-help/words/<uuid:word_id>": _staff(
        Level.MODERATOR, "GET", "POST", body=lambda: _word() | {"version": "1"}
    ),
    f"{S}automatic-help/words/<uuid:word_id>/remove": _staff(Level.MODERATOR, "POST"),
    f"{S}automatic-help/held": _staff(Level.MODERATOR, "GET"),
    f"{S}automatic-help/held/<uuid:held_id>": _staff(Level.MODERATOR, "GET"),
    f"{S}automatic-help/held/<uuid:held_id>/let-through": _staff(
        Level.MODERATOR, "POST", body=lambda: {"version": "1"}
    ),
    f"{S}automatic-help/held/<uuid:held_id>/send-back": _staff(
        Level.MODERATOR, "POST", body=lambda: {"reason": "Not here."}
    ),
    f"{S}joining": _staff(Level.MODERATOR, "GET", "POST"),
    f"{S}decisions": _staff(Level.MODERATOR, "GET"),
    f"{S}decisions/<uuid:sanction_id>/lift": _staff(
        Level.MODERATOR, "POST", body=lambda: {"why": "It was a mistake."}
    ),
    f"{S}decisions/<uuid:sanction_id>/second": _staff(
        Level.MODERATOR, "POST", body=lambda: {"agrees": "yes"}
    ),
    f"{S}decisions/<uuid:sanction_id>/answer": _staff(
        Level.MODERATOR, "POST", body=lambda: {"granted": "no", "answer": "It stays."}
    ),
    f"{S}queue": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/decided": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/renames/<uuid:rename_id>": _staff(
        Level.VERIFIER, "GET", "POST", body=lambda: {"verdict": "refuse", "note": "It is somebody else's."}
    ),
    f"{S}queue/several": _staff(Level.VERIFIER, "GET", "POST"),
    f"{S}queue/several/undo": _staff(Level.VERIFIER, "POST"),
    f"{S}queue/<uuid:request_id>": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/<uuid:request_id>/document": _staff(Level.VERIFIER, "GET"),
    f"{S}queue/<uuid:request_id>/revoke": _staff(
        Level.OWNER, "GET", "POST", body=lambda: {"note": "Forged."}
    ),
    **{
        f"{S}queue/<uuid:request_id>/{step}": _staff(Level.VERIFIER, "POST", body=_review)
        for step in ("claim", "renew", "release", "approve", "undo", "reject", "ask", "escalate")
    },
    f"{S}claims": _staff(Level.FINANCE, "GET"),
    f"{S}claims/settled": _staff(Level.FINANCE, "GET"),
    f"{S}claims/<uuid:claim_id>": _staff(Level.FINANCE, "GET"),
    f"{S}claims/<uuid:claim_id>/pictures/<uuid:evidence_id>": _staff(Level.FINANCE, "GET"),
    **{
        f"{S}claims/<uuid:claim_id>/{step}": _staff(Level.FINANCE, "POST", body=_claim)
        for step in ("hold", "release", "decide")
    },
    f"{S}recoveries": _staff(Level.VERIFIER, "GET"),
    f"{S}recoveries/<uuid:recovery_id>": _staff(Level.VERIFIER, "GET"),
    f"{S}recoveries/<uuid:recovery_id>/approve": _staff(Level.VERIFIER, "POST"),
    f"{S}recoveries/<uuid:recovery_id>/refuse": _staff(
        Level.VERIFIER, "POST", body=lambda: {"answer": "Please come to the office."}
    ),
    f"{S}sign-ins": _staff(Level.MODERATOR, "GET"),
    f"{S}sign-ins.csv": _staff(Level.MODERATOR, "GET"),
    f"{S}sign-ins/blocks": _staff(
        Level.MODERATOR,
        "GET",
        "POST",
        body=lambda: {"network": "192.0.2.0/24", "days": 1, "reason": "Guessing."},
    ),
    f"{S}sign-ins/blocks/<uuid:block_id>/lift": _staff(
        Level.MODERATOR, "POST", body=lambda: {"why": "It was a mistake."}
    ),
    f"{S}items": _staff(Level.MODERATOR, "GET"),
    f"{S}items/<uuid:item_id>": _staff(Level.MODERATOR, "GET"),
    f"{S}items/<uuid:item_id>/suspend": _staff(
        Level.MODERATOR, "POST", body=lambda: {"reason": "Forbidden."}
    ),
    f"{S}items/<uuid:item_id>/restore": _staff(Level.MODERATOR, "POST"),
    f"{S}categories": _staff(Level.MODERATOR, "GET", "POST", body=lambda: {"name": "Boats"}),
    f"{S}categories/<int:category_id>": _staff(
        Level.MODERATOR, "GET", "POST", body=lambda: {"name": "Lights"}
    ),
    f"{S}categories/<int:category_id>/place": _staff(
        Level.MODERATOR, "POST", body=lambda: {"parent": "", "position": "1"}
    ),
    f"{S}categories/<int:category_id>/retire": _staff(Level.MODERATOR, "POST", body=_retired),
    f"{S}figures": _staff(Level.AUDITOR, "GET"),
    f"{S}figures/<slug:slug>": _staff(Level.AUDITOR, "GET"),
    f"{S}figures/<slug:slug>.csv": _staff(Level.AUDITOR, "GET"),
    f"{S}health": _staff(Level.AUDITOR, "GET"),
    f"{S}health/runbook/<slug:name>": _staff(Level.AUDITOR, "GET"),
    f"{S}health/silence": _staff(Level.OWNER, "POST", body=lambda: {"check": "disk", "hours": "1"}),
    f"{S}settings": _staff(Level.OWNER, "GET", "POST", body=lambda: {"version": "0", "name": "Elsewhere"}),
    **{
        f"{S}settings/{page}": _staff(
            Level.OWNER, "GET", "POST", body=lambda: {"version": "0", "do": "defaults"}
        )
        for page in Section
    },
    f"{S}announcements": _staff(
        Level.MODERATOR, "GET", "POST", body=lambda: {"title": "Hello", "ends_at": "x", "do": "preview"}
    ),
    f"{S}announcements/<uuid:announcement_id>": _staff(Level.MODERATOR, "GET", "POST"),
    f"{S}announcements/<uuid:announcement_id>/end": _staff(Level.MODERATOR, "POST"),
    f"{S}settings/invitations": _staff(Level.OWNER, "GET", "POST", body=lambda: {"uses": "1", "days": "7"}),
    f"{S}settings/invitations/<uuid:invitation_id>/revoke": _staff(Level.OWNER, "POST"),
    f"{S}audit": _staff(Level.AUDITOR, "GET"),
    f"{S}audit/file": _staff(Level.AUDITOR, "POST"),
    f"{S}alerts": _staff(Level.MODERATOR, "GET"),
    B: _hidden(),
    f"{B}<str:app_label>/": _hidden(),
    f"{B}<str:app_label>/<str:model_name>/": _hidden(),
    f"{B}<str:app_label>/<str:model_name>/<str:object_id>/": _hidden(),
    "admin/": Route(Access.DECOY, frozenset()),
    "admin/<path:rest>": Route(Access.DECOY, frozenset()),
    # Buying and selling
    "cart": _get(Access.VERIFIED),
    "cart/add": _post(Access.VERIFIED),
    "cart/prices": _post(Access.VERIFIED),
    "cart/reminder": _post(Access.VERIFIED),
    "cart/voucher": _post(Access.VERIFIED, lambda: {"code": "ABCD-EFGH-JKMN"}),
    "cart/vouchers/<uuid:voucher_id>/remove": _post(Access.VERIFIED),
    "cart/offers/<uuid:offer_id>": _post(Access.VERIFIED),
    "cart/<uuid:variant_id>": _post(Access.VERIFIED),
    "cart/<uuid:variant_id>/remove": _post(Access.VERIFIED),
    "cart/<uuid:variant_id>/wait": _post(Access.VERIFIED),
    "checkout": _form(Access.VERIFIED),
    "checkout/start": _post(Access.VERIFIED),
    "checkout/extend": _post(Access.VERIFIED),
    "checkout/stop": _post(Access.VERIFIED),
    "orders": _get(M),
    "orders/<slug:number>": _get(O),
    "orders/<slug:number>/payment": _get(O),
    "orders/<slug:number>/cancel": _post(O),
    "orders/<slug:number>/receipt.pdf": _get(O),
    "orders/<slug:number>/proof.json": _get(O),
    "orders/parts/<slug:number>/confirm": _post(O),
    "orders/parts/<slug:number>/call-off": _post(O),
    "offers": _get(M),
    "offers/new": _form(Access.VERIFIED),
    "offers/<uuid:offer_id>": _get(O),
    "offers/<uuid:offer_id>/step": _post(O, lambda: {"step": "withdraw"}),
    "selling/terms": _form(Access.VERIFIED),
    "selling/vouchers": _form(Access.VERIFIED),
    "selling/vouchers/<uuid:voucher_id>/end": _post(Access.VERIFIED),
    "orders/parts/<slug:number>/claim": _form(O),
    "reports": _get(M),
    "report/members/<slug:handle>": _form(M),
    "report/messages/<slug:handle>": _form(O),
    "report/items/<uuid:item_id>": _form(M),
    "report/orders/<slug:number>": _form(O),
    "claims": _get(M),
    "decisions": _get(M),
    "decisions/<uuid:sanction_id>/record.json": _get(O),
    "decisions/<uuid:sanction_id>/appeal": _post(O, lambda: {"words": "It was not me."}),
    "claims/<uuid:claim_id>": _get(O),
    "claims/<uuid:claim_id>/messages": _form(O),
    "claims/<uuid:claim_id>/pictures/<uuid:evidence_id>": _get(O),
    **{
        f"claims/<uuid:claim_id>/{step}": _post(O, _claim)
        for step in ("accept", "offer", "contest", "agree", "decline", "withdraw", "say")
    },
    "selling": _get(M),
    "selling/items.csv": _get(M),
    "selling/orders": _get(M),
    "selling/orders/<slug:number>": _form(O),
    "selling/orders/<slug:number>/call-off": _post(O),
    "selling/orders/<slug:number>/invoice.pdf": _get(O),
    "selling/orders/<slug:number>/proof.json": _get(O),
    # Chats
    "chats": _get(M),
    "chats/recent": _get(M),
    "chats/<uuid:conversation_id>": _get(O),
    "chats/<uuid:conversation_id>/send": _post(O, _draft),
    "chats/<uuid:conversation_id>/read": _post(O, lambda: {"seq": 1}),
    "chats/with/<slug:handle>": _post(F),
    # Money; the pretend bank knows no members, only who has the address of a charge
    "pay/<uuid:payment_id>/go": _get(O),
    "pay/<uuid:payment_id>/back": _get(O),
    "selling/money": _get(M),
    "selling/money/payouts": _post(M),
    "selling/money/account": _post(M),
    "selling/money/account/back": _get(M),
    "selling/money/statement.csv": _get(M),
    "payments/webhooks/<slug:gateway>": _api(Access.APP, "POST"),
    "sandbox/pay/<slug:reference>": _form(P),
    "sandbox/pay/<slug:reference>/confirm": _form(P),
    "sandbox/pay/<slug:reference>/cancel": _post(P),
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
    "api/v1/payments/<uuidstr:payment_id>": _api(O, "GET"),
    "api/v1/money": _api(M, "GET"),
    "api/v1/payouts": _api(M, "GET", "POST"),
    "api/v1/payouts/account": _api(M, "POST"),
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
    "api/v1/market/categories": _api(M, "GET"),
    "api/v1/market/items": _api(M, "GET"),
    "api/v1/market/own-items": _api(M, "GET"),
    "api/v1/market/favourites": _api(M, "GET"),
    "api/v1/market/searches": _api(M, "GET", "POST", body=lambda: {"name": "Lamps", "q": "lamp"}),
    "api/v1/market/searches/<uuidstr:search_id>": _api(O, "PUT", "DELETE", body=lambda: {"alerts": False}),
    "api/v1/market/searches/<uuidstr:search_id>/look": _api(O, "POST"),
    "api/v1/market/items/<uuidstr:item_id>": _api(M, "GET"),
    "api/v1/market/items/<uuidstr:item_id>/favourite": _api(M, "PUT", body=lambda: {"favourite": True}),
    "api/v1/market/own-items/<uuidstr:item_id>": _api(Access.VERIFIED, "PUT", "DELETE"),
    "api/v1/market/own-items/<uuidstr:item_id>/step": _api(
        Access.VERIFIED, "POST", body=lambda: {"step": "pause"}
    ),
    "api/v1/market/own-items/<uuidstr:item_id>/pictures": _api(Access.VERIFIED, "POST"),
    "api/v1/market/own-items/<uuidstr:item_id>/pictures/<uuidstr:image_id>": _api(Access.VERIFIED, "DELETE"),
    "api/v1/market/sellers/<slug:handle>": _api(M, "GET"),
    "api/v1/market/sellers/<slug:handle>/ratings": _api(M, "GET"),
    "api/v1/orders/parts/<slug:number>/ratings": _api(O, "GET", "PUT", body=lambda: {"stars": 5}),
    "api/v1/ratings/<uuidstr:rating_id>/reply": _api(O, "POST", body=lambda: {"text": "Thank you."}),
    "api/v1/ratings/reminders": _api(M, "PUT", body=lambda: {"wanted": True}),
    "api/v1/notifications/read": _api(M, "POST"),
    "api/v1/staff/items": _staff_api("GET"),
    "api/v1/staff/items/<uuidstr:item_id>": _staff_api("GET"),
    "api/v1/staff/items/<uuidstr:item_id>/suspend": _staff_api("POST", body=lambda: {"reason": "Forbidden."}),
    "api/v1/staff/items/<uuidstr:item_id>/restore": _staff_api("POST"),
    "api/v1/staff/categories": _staff_api("GET", "POST", body=lambda: {"name": "Ships"}),
    "api/v1/staff/categories/<int:category_id>": _staff_api("PATCH", body=lambda: {"name": "Lights"}),
    "api/v1/staff/categories/<int:category_id>/place": _staff_api("POST", body=lambda: {"position": 1}),
    "api/v1/staff/categories/<int:category_id>/retire": _staff_api("POST", body=_retired),
    "api/v1/cart": _api(Access.VERIFIED, "GET"),
    "api/v1/cart/<uuidstr:variant_id>": _api(Access.VERIFIED, "PUT", "DELETE", body=lambda: {"quantity": 1}),
    "api/v1/cart/offers/<uuidstr:offer_id>": _api(Access.VERIFIED, "PUT"),
    "api/v1/cart/reminder": _api(Access.VERIFIED, "PUT", body=lambda: {"wanted": True}),
    "api/v1/cart/vouchers": _api(Access.VERIFIED, "POST", body=lambda: {"code": "ABCD-EFGH-JKMN"}),
    "api/v1/cart/vouchers/<uuidstr:voucher_id>": _api(Access.VERIFIED, "DELETE"),
    "api/v1/market/terms": _api(Access.VERIFIED, "GET", "PUT"),
    "api/v1/offers": _api(M, "GET", "POST"),
    "api/v1/offers/<uuidstr:offer_id>": _api(O, "GET"),
    "api/v1/offers/<uuidstr:offer_id>/step": _api(O, "POST", body=lambda: {"step": "withdraw"}),
    "api/v1/selling/vouchers": _api(Access.VERIFIED, "GET", "POST", body=lambda: {"percent": 10}),
    "api/v1/selling/vouchers/<uuidstr:voucher_id>": _api(Access.VERIFIED, "DELETE"),
    "api/v1/checkout": _api(Access.VERIFIED, "GET", "POST"),
    "api/v1/checkout/extend": _api(Access.VERIFIED, "POST"),
    "api/v1/checkout/pay": _api(Access.VERIFIED, "POST", body=_pay),
    "api/v1/checkout/stop": _api(Access.VERIFIED, "POST"),
    "api/v1/orders": _api(M, "GET"),
    "api/v1/orders/<slug:number>": _api(O, "GET"),
    "api/v1/orders/<slug:number>/receipt": _api(O, "GET"),
    "api/v1/orders/<slug:number>/cancel": _api(O, "POST"),
    "api/v1/orders/parts/<slug:number>/confirm": _api(O, "POST"),
    "api/v1/orders/parts/<slug:number>/call-off": _api(O, "POST"),
    "api/v1/orders/parts/<slug:number>/claim": _api(
        O, "POST", body=lambda: {"reason": "damaged", "text": "It is broken."}
    ),
    "api/v1/reports": _api(M, "GET", "POST"),
    "api/v1/claims": _api(M, "GET"),
    "api/v1/claims/<uuidstr:claim_id>": _api(O, "GET"),
    "api/v1/claims/<uuidstr:claim_id>/pictures": _api(O, "POST"),
    "api/v1/claims/<uuidstr:claim_id>/messages": _api(
        O, "POST", body=lambda: {"messages": [{"id": str(uuid7())}]}
    ),
    "api/v1/claims/<uuidstr:claim_id>/offer": _api(O, "POST", body=lambda: {"amount_minor": 100}),
    "api/v1/claims/<uuidstr:claim_id>/agree": _api(O, "POST", body=lambda: {"offer_minor": 100}),
    **{
        f"api/v1/claims/<uuidstr:claim_id>/{step}": _api(O, "POST", body=lambda: {"text": "Hello"})
        for step in ("say", "accept", "contest", "decline")
    },
    "api/v1/claims/<uuidstr:claim_id>/withdraw": _api(O, "POST"),
    "api/v1/selling": _api(M, "GET"),
    "api/v1/selling/orders": _api(M, "GET"),
    "api/v1/selling/orders/<slug:number>": _api(O, "GET"),
    "api/v1/selling/orders/<slug:number>/receipt": _api(O, "GET"),
    "api/v1/selling/orders/<slug:number>/ship": _api(O, "POST", body=lambda: {"carrier": "Post"}),
    "api/v1/selling/orders/<slug:number>/call-off": _api(O, "POST"),
    # Signing in by an app: open to all, and cookies count for nothing
    "api/v1/auth/session": _api(Access.APP, "GET", "DELETE"),
    "api/v1/auth/sign-in": _api(Access.APP, "POST"),
    "api/v1/auth/code": _api(Access.APP, "POST"),
    "api/v1/auth/second-step": _api(Access.APP, "POST"),
    "api/v1/auth/code/again": _api(Access.APP, "POST"),
    "api/v1/auth/reset": _api(Access.APP, "GET", "POST"),
    "api/v1/auth/reset/link": _api(Access.APP, "POST"),
    "api/v1/auth/reset/password": _api(Access.APP, "POST"),
    "api/v1/auth/passkey": _api(Access.APP, "POST"),
    "api/v1/auth/passkey/question": _api(Access.APP, "POST"),
    # The public ledger
    "api/v1/ledger/checkpoint": _api(P, "GET"),
    "api/v1/ledger/vkey": _api(P, "GET"),
    "api/v1/ledger/tile/<int:level>/<path:position>": _api(P, "GET"),
    "api/v1/ledger/blocks/<int:number>": _api(P, "GET"),
    "api/v1/ledger/proof/consistency": _api(P, "GET"),
}


def patterns() -> Iterator[str]:
    """The pattern of every view that the resolver can reach, as Django writes it."""
    yield from dict.fromkeys(pattern for _, pattern in named_patterns())


def named_patterns() -> Iterator[tuple[str, str]]:
    """The full name and the pattern of each of them, once; without a name it stands under its pattern.

    Ninja mounts one view once for each of its operations.
    """
    yield from dict.fromkeys(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield (f"{space}{entry.name}" if entry.name and not _is_api(pattern) else pattern), pattern
        else:
            yield from _walk(entry, pattern, f"{space}{entry.namespace}:" if entry.namespace else space)


def _is_api(pattern: str) -> bool:
    # Ninja names an address after each of its methods, and nothing reverses those.
    return pattern.startswith("api/")

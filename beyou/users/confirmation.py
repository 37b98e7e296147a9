"""Proofs that a session has given, and asking for a fresh one before a sensitive change."""

import datetime as dt
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from beyou.core import clock
from beyou.users.models import SignInMethod, User
from beyou.users.rules import Level

#: Where the session keeps the id of the LoginActivity row of an attempt that is not over.
ATTEMPT = "users.sign_in_attempt"

PAGE = "/confirm"
DRAFT = "draft."
DRAFT_FIELDS, DRAFT_CHARACTERS = 60, 100_000

#: What allauth calls the proofs in its records.
_FACTORS = {
    "totp": SignInMethod.TOTP,
    "recovery_codes": SignInMethod.RECOVERY_CODE,
    "webauthn": SignInMethod.PASSKEY,
}
_TYPES = {method: name for name, method in _FACTORS.items()}


def has_recent_proof(request: HttpRequest) -> bool:
    """Whether the signed-in member showed a password, factor or passkey in this session a short time ago.

    What a token opened has no session and never has a proof. A password is none in a session that was there
    before the account had its first factor, and has never shown one: who stole the password may sit in it.
    """
    newest = max((_at(record) for record in get_authentication_records(request, request.user)), default=0.0)
    return clock.now_ms() / 1000 - newest < settings.REAUTHENTICATION_SECONDS and not lacks_factor(request)


def lacks_factor(request: HttpRequest) -> bool:
    """Whether the account has a second factor and this session has never shown one."""
    from beyou.users import factors

    if factor_proved_at(request) is not None or not isinstance(request.user, User):
        return False
    return factors.has_factor(request.user.pk)


def factor_proved_at(request: HttpRequest) -> dt.datetime | None:
    """When this session last showed a second factor or a passkey; None when it never did."""
    records = get_authentication_records(request, request.user)
    proofs = [_at(record) for record in records if record.get("method") == "mfa"]
    return clock.from_ms(int(max(proofs) * 1000)) if proofs else None


def _at(record: dict[str, object]) -> float:
    moment = record.get("at")
    return float(moment) if isinstance(moment, int | float) else 0.0


def last_method(request: HttpRequest, member: User) -> SignInMethod:
    """What the member showed last in this session; a sign-up has shown only the mailed code."""
    records = get_authentication_records(request, member)
    if not records:
        return SignInMethod.MAILED_CODE
    if records[-1].get("method") == "mfa":
        return _FACTORS[records[-1]["type"]]
    return SignInMethod.PASSWORD if records[-1].get("method") == "password" else SignInMethod.PROVIDER


def used_passkey_alone(request: HttpRequest, member: User) -> bool:
    """Whether a passkey that knew its owner opened this sign-in: it is password and second step in one."""
    since = clock.now_ms() / 1000 - settings.REAUTHENTICATION_SECONDS
    records = get_authentication_records(request, member)
    return any(record.get("passwordless") is True and _at(record) > since for record in records)


def remember(
    request: HttpRequest, member: User, method: SignInMethod, *, passwordless: bool | None = None
) -> None:
    """The session has given this proof now."""
    at = clock.now_ms() / 1000
    if method in _TYPES:
        record_authentication(request, member, "mfa", type=_TYPES[method], passwordless=passwordless, at=at)
    else:
        record_authentication(request, member, method.value, at=at)


def confirmed(request: HttpRequest, member: User, method: SignInMethod) -> None:
    """The session has given a fresh proof, and goes on under a new key (ASVS 7.2.4)."""
    remember(request, member, method)
    request.session.cycle_key()


def safe_next(request: HttpRequest, fallback: str = "/settings") -> str:
    """The address on this site that the request wants to go on to."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else fallback


def address(next_path: str) -> str:
    """Where to confirm before going on to `next_path`."""
    return f"{PAGE}?{urlencode({'next': next_path})}"


def page_of(request: HttpRequest) -> str:
    """The page that a script of ours asked from, by what its browser says."""
    named = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    return urlsplit(named).path or "/settings"


def needs_factor(request: HttpRequest, next_path: str) -> bool:
    """Whether a password is not enough in this session, or for where somebody goes on to."""
    return leads_to_staff(request, next_path) or lacks_factor(request)


def leads_to_staff(request: HttpRequest, next_path: str) -> bool:
    """Asked by others than the staff, the answer says nothing of where the pages of the staff are."""
    if not isinstance(request.user, User) or not request.user.is_staff:
        return False
    return next_path.startswith(f"/{settings.STAFF_PREFIX}/") or _leads_to_back_room(request.user, next_path)


def _leads_to_back_room(member: User, next_path: str) -> bool:
    """Only for owners: the others of the staff know nothing of that place either."""
    from beyou.users import queries

    is_there = bool(settings.ADMIN_PATH) and next_path.startswith(f"/{settings.ADMIN_PATH}/")
    return is_there and Level.OWNER in queries.levels_of(member.pk)


def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """Sends the member to confirm, and back. What a form sent travels along and is not lost."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address(page_of(request))})
    if request.method in ("GET", "HEAD"):
        return redirect(address(request.get_full_path()))
    return confirm_page(request, next_path=request.get_full_path(), draft=_draft_of(request), status=403)


def confirm_page(
    request: HttpRequest,
    *,
    next_path: str,
    draft: list[tuple[str, str]],
    error: str = "",
    wrong: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page that asks. `wrong` is the field that the error is about."""
    from beyou.users import factors

    assert isinstance(request.user, User)
    context = {
        "next": next_path,
        "draft": draft,
        "error": error,
        "wrong": wrong,
        "has_password": request.user.has_usable_password(),
        "own": factors.overview(request.user.pk),
        "minutes": settings.REAUTHENTICATION_SECONDS // 60,
        "for_staff": leads_to_staff(request, next_path),
        "factor_only": needs_factor(request, next_path),
        "staff_idle": dt.timedelta(minutes=settings.STAFF_IDLE_MINUTES),
        "staff_absolute": dt.timedelta(hours=settings.STAFF_ABSOLUTE_HOURS),
    }
    return render(request, "users/confirm.html", context, status=status)


def _draft_of(request: HttpRequest) -> list[tuple[str, str]]:
    """What the form holds, for a second try: no passwords, no files, nothing of a size that no form has."""
    found = [
        (DRAFT + name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and "password" not in name and isinstance(value, str)
    ]
    too_much = len(found) > DRAFT_FIELDS or sum(len(value) for _, value in found) > DRAFT_CHARACTERS
    return [] if too_much else found


def draft_sent(request: HttpRequest) -> list[tuple[str, str]]:
    """The draft that the page carried through the confirmation, under the names of its form."""
    found = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name.startswith(DRAFT) and isinstance(value, str)
    ]
    return found[:DRAFT_FIELDS]

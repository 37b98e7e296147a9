"""Puts the signed-in member on the request, and keeps what a session's use says."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from beyou.core import clock
from beyou.core.http import APP_SESSION, client_ip, problem_response, wants_json
from beyou.users import presence, staff_access
from beyou.users.app_sessions import is_app, open_session
from beyou.users.devices import set_cookie
from beyou.users.errors import NewPasswordNeeded, SecondStepMissing
from beyou.users.http import DECISIONS, bearer_token, has_proved_factor
from beyou.users.models import User
from beyou.users.session_store import SessionStore
from beyou.users.whereabouts import clean_agent

#: What asks in the background whether the session still lives; asking does not keep it alive.
QUIET = frozenset({"/api/v1/session"})
NEW_PASSWORD = "/settings/new-password"  # noqa: S105  (an address)
#: What a member whose password must be new can still use.
STILL_OPEN = (
    NEW_PASSWORD,
    "/sign-out",
    "/recover",
    "/about/",
    "/healthz/",
    "/sw.js",
    "/favicon.ico",
    "/dev/mail",
)

#: Where a member shows a second step, or sets it up, while BEYOU_SECOND_FACTOR asks everybody for one.
FACTOR_PAGES = ("/settings/second-step", "/confirm", "/sign-in/passkey/options")


#: What nobody with an account loses (GDPR): a copy of their data and leaving, and the proof that it is them.
RIGHTS = ("/settings/data", "/confirm")


class MemberMiddleware:
    """`request.member` is the active member of the session, or None. Stands after authentication.

    Beside a token the session counts for nothing; the API puts the member of the token in its place.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if bearer_token(request) is not None:
            request.user = AnonymousUser()
        user = request.user
        # Not the lazy object around her, which costs a call for each look at a field.
        member = getattr(request, "_cached_user", user) if user.is_authenticated else None
        if not is_app(request) and request.session.get(APP_SESSION):
            # Somebody put it into a cookie. What it waits for, a second step say, is no page's either.
            request.user, member, request.session = AnonymousUser(), None, open_session("")
        # Who is about to leave is let in nowhere but where one can change one's mind (`privacy`).
        is_leaving = member is not None and member.deletion_due_at is not None
        request.leaving = member if is_leaving else None  # type: ignore[attr-defined]  # http.leaving_member
        member = None if is_leaving else member
        # Whom the staff have not let in waits, and nothing else (`joining`).
        is_waiting = member is not None and member.awaits_since is not None
        request.waiting = member if is_waiting else None  # type: ignore[attr-defined]  # http.waiting_member
        member = None if is_waiting else member
        # Who is suspended reads why, and besides that only takes a copy of their data or leaves; the time
        # alone ends it (`moderation`).
        is_suspended = member is not None and member.is_suspended
        request.suspended = member if is_suspended else None  # type: ignore[attr-defined]  # http.suspended_member
        if member is not None and is_suspended:
            member = _narrowed(request, member, DECISIONS)
        request.member = member  # type: ignore[attr-defined]  # MemberRequest
        if member is not None and member.needs_new_password and not request.path.startswith(STILL_OPEN):
            return _send_to_new_password(request)
        if member is not None and _lacks_factor(request):
            return _send_to_second_step(request)
        response = self.get_response(request)
        if member is not None:
            _note_use(request, member)
        if not is_app(request):
            set_cookie(request, response)
        return response


def _narrowed(request: HttpRequest, member: User, home: str) -> User | None:
    """The member, on the few pages that stay open to everybody who has an account, without the ways to the
    others; elsewhere None.
    """
    if not _stays_open(request, member):
        return None
    request.narrowed_to = home  # type: ignore[attr-defined]  # read by templates
    request.shell = "base_public.html"  # type: ignore[attr-defined]  # read by templates
    return member


def _stays_open(request: HttpRequest, member: User) -> bool:
    path = request.path
    if path in RIGHTS or path.startswith(f"{RIGHTS[0]}/"):
        return True
    # What those pages ask of everybody first.
    if member.needs_new_password and path == NEW_PASSWORD:
        return True
    is_asked = settings.SECOND_FACTOR == "everybody" and not has_proved_factor(request)
    return is_asked and path.startswith(FACTOR_PAGES)


def _send_to_new_password(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return problem_response(NewPasswordNeeded())
    return redirect(NEW_PASSWORD)


def _lacks_factor(request: HttpRequest) -> bool:
    """Whether everybody here must have a second step, and this session has shown none."""
    if settings.SECOND_FACTOR != "everybody" or request.path.startswith((*STILL_OPEN, *FACTOR_PAGES)):
        return False
    return not has_proved_factor(request)


def _send_to_second_step(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        return problem_response(SecondStepMissing("Set one up in the settings, or confirm it."))
    here = request.get_full_path() if request.method == "GET" else settings.LOGIN_REDIRECT_URL
    return redirect_to_login(here, login_url=FACTOR_PAGES[0])


def _note_use(request: HttpRequest, member: User) -> None:
    session, now = request.session, clock.now()
    assert isinstance(session, SessionStore)
    stored = session.stored
    if stored is None or stored.member_id != member.pk:
        return
    if staff_access.is_used(request) and presence.is_due(stored.staff_seen_at, now):
        # At once: from now on live hints for the staff reach this session.
        session.note_staff_use(now)
    is_quiet = request.path in QUIET and request.method == "GET"
    if presence.is_due(stored.seen_at, now) and not is_quiet:
        agent = clean_agent(request.headers.get("User-Agent", ""))
        presence.note(session.key_digest, presence.Use(now, client_ip(request), agent))

"""Requests of signed-in members, and what a request tells of a sign-in."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from beyou.core.errors import NotFound
from beyou.core.http import client_ip, wants_json
from beyou.core.ports.realtime import session_digest
from beyou.users import confirmation, queries, staff_access
from beyou.users.devices import device_digest
from beyou.users.errors import AwaitsApproval, ConfirmationNeeded, SecondStepMissing, SessionOver, Suspended
from beyou.users.rules import Level, has_level
from beyou.users.services import SignInAttempt
from beyou.users.whereabouts import clean_agent

if TYPE_CHECKING:
    from beyou.users.models import User

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request that carries a signed-in, active member."""

    member: "User"
    #: The staff levels of the member; only behind `staff_required`.
    levels: frozenset[str]


def member_id_of(request: HttpRequest) -> UUID:
    """Who asks, in an operation of the API that only members reach."""
    return cast(MemberRequest, request).member.pk


#: The page of members who are about to leave.
LEAVING = "/leaving"
SECOND_STEP = "/settings/second-step"


def leaving_member(request: HttpRequest) -> "User | None":
    """The signed-in member who asked for the account to be erased and may still change their mind."""
    found: User | None = getattr(request, "leaving", None)
    return found


#: The page of decisions about a member, the only one for who is suspended.
DECISIONS = "/decisions"


def suspended_member(request: HttpRequest) -> "User | None":
    """The signed-in member who is suspended at this moment."""
    found: User | None = getattr(request, "suspended", None)
    return found


#: Where whoever waits to be let in reads how it stands, says why, or gives up.
WAITING = "/waiting"


def waiting_member(request: HttpRequest) -> "User | None":
    """The signed-in member whom the staff have not let in."""
    found: User | None = getattr(request, "waiting", None)
    return found


def member_required(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Sends visitors to sign in and brings them back to where they wanted to go."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if getattr(request, "member", None) is None:
            if leaving_member(request) is not None:
                return redirect(LEAVING)
            if waiting_member(request) is not None:
                if wants_json(request):
                    raise AwaitsApproval
                return redirect(WAITING)
            if suspended_member(request) is not None:
                if wants_json(request):
                    raise Suspended("You can read why, and object, on the page of decisions.", at=DECISIONS)
                return redirect(DECISIONS)
            if wants_json(request):
                raise SessionOver("Sign in, then try again.")
            return redirect_to_login(request.get_full_path())
        return view(cast(MemberRequest, request), *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", wrapped)


def bearer_token(request: HttpRequest) -> str | None:
    """The text of the token in the Authorization header; None when none was sent, "" for an empty one."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def has_proved_factor(request: HttpRequest) -> bool:
    """Whether this session was opened or confirmed with a second factor or a passkey."""
    return confirmation.factor_proved_at(request) is not None


def recently_authenticated(
    view: Callable[Concatenate[MemberRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For sensitive changes: members who gave a proof within BEYOU_REAUTHENTICATION_MINUTES; the others are
    sent to confirm that it is them, and back with what they typed. Put it on the page of a form, too, so
    that nobody fills in a form first.
    """

    @member_required
    @wraps(view)
    def wrapped(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not confirmation.has_recent_proof(request):
            return confirmation.ask_for_proof(request)
        return view(request, *args, **kwargs)

    return wrapped


def require_recent_proof(request: HttpRequest) -> None:
    """The same for the API. Raises `ConfirmationNeeded`, which says where to confirm."""
    if not confirmation.has_recent_proof(request):
        raise ConfirmationNeeded(
            "This change needs your password or your second step once more. Confirm, then try again.",
            confirm_at=confirmation.PAGE,
        )


def staff_required(
    level: Level | None,
) -> Callable[
    [Callable[Concatenate[MemberRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Only for staff of this level and owners (of any level for None), whose session has shown a second
    factor a short time ago (`staff_access`). For everybody else there is no such page; the others of the
    staff are sent to show a factor, or to set up the first one, and back with what they typed.
    """

    def decorate(
        view: Callable[Concatenate[MemberRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @member_required
        @wraps(view)
        def wrapped(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            request.levels = _levels_for(request, level)
            if not staff_access.has_fresh_proof(request):
                staff_access.note_refusal(request)
                return _ask_for_factor(request)
            staff_access.note_admission(request)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def _levels_for(request: MemberRequest, level: Level | None) -> frozenset[str]:
    """The levels of the member, who may do what this one is for. Raises `NotFound` for everybody else."""
    # Members are refused without a look into the table of levels.
    levels = queries.levels_of(request.member.pk) if request.member.is_staff else frozenset()
    if not levels or (level is not None and not has_level(levels, level)):
        raise NotFound
    return levels


def _ask_for_factor(request: MemberRequest) -> HttpResponse:
    """Pages lead on by themselves. What a script of a page asked for is refused with the way to confirm, so
    that the page stays as it is with everything that was typed into it. Raises `SecondStepMissing`,
    `ConfirmationNeeded`.
    """
    is_part = wants_json(request) or bool(request.headers.get("HX-Request"))
    if not queries.has_factor(request.member.pk):
        if is_part:
            raise SecondStepMissing("Set one up in the settings.")
        return redirect_to_login(request.get_full_path(), login_url=SECOND_STEP)
    if is_part:
        raise ConfirmationNeeded(
            "The staff pages need your second step again. Confirm, then try once more; nothing was changed.",
            confirm_at=confirmation.address(confirmation.page_of(request)),
        )
    return confirmation.ask_for_proof(request)


def sign_in_attempt(request: HttpRequest) -> SignInAttempt:
    """Where the attempt comes from, as the record of sign-ins keeps it."""
    return SignInAttempt(
        path=request.path[:100],
        address=client_ip(request),
        user_agent=clean_agent(request.headers.get("User-Agent", "")),
        session_digest=own_session(request),
        device_digest=device_digest(request),
    )


def last_proof(request: HttpRequest) -> str:
    """What the session showed last to prove its member; a sign-up has shown only the mailed code."""
    records = request.session.get("account_authentication_methods") or [{"method": "mailed_code"}]
    return str(records[-1].get("type") or records[-1].get("method"))[:20]


def own_session(request: HttpRequest) -> str:
    """The digest of the request's session, as rows name it; empty without one."""
    key = request.session.session_key
    return session_digest(key) if key else ""

"""Signing in, joining and connecting with an identity provider."""

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.signup import complete_signup
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core import clock, limits
from beyou.core.errors import RateLimited
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.instance.errors import InvitationOver
from beyou.users import identities, oidc, services
from beyou.users.errors import IdentityTaken, LastWayIn, ProviderFailed
from beyou.users.forms import HandleTaken
from beyou.users.http import MemberRequest, member_required, recently_authenticated, sign_in_attempt
from beyou.users.models import LoginOutcome, SignInMethod, User
from beyou.users.oidc_settings import OidcProvider
from beyou.users.provider_forms import ProviderSignUpForm

#: Where the session keeps the identity of somebody who is about to join.
PENDING = "users.provider_sign_up"
_JOIN_MS = 30 * 60 * 1000


def _origin(request: HttpRequest) -> str:
    return str(settings.ORIGIN) if settings.PRODUCTION else f"{request.scheme}://{request.get_host()}"


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


def _go(request: HttpRequest, provider: OidcProvider, *, process: str, next_path: str) -> HttpResponse:
    """A page that goes on to the provider: our forms may be sent to ourselves alone (CSP `form-action`),
    which holds for where an answer redirects to, too.
    """
    member = getattr(request, "member", None)
    try:
        target = oidc.begin(
            request.session,
            provider,
            origin=_origin(request),
            process=process,
            next_path=next_path,
            member=str(member.pk) if member else "",
        )
    except ProviderFailed as error:
        return _sorry(request, f"{provider.name} cannot be reached. {error.detail}", process)
    return render(request, "users/provider_go.html", {"provider": provider, "target": target})


def _sorry(request: HttpRequest, why: str, process: str = "sign_in") -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return redirect("providers:ways" if process == "connect" else "account_login")


@require_POST
@never_cache
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Begins to sign in or to join."""
    provider = oidc.provider_of(provider_id)
    if getattr(request, "member", None):
        return redirect(settings.LOGIN_REDIRECT_URL)
    return _go(request, provider, process="sign_in", next_path=_next(request))


@require_POST
@recently_authenticated
@never_cache
def connect(request: MemberRequest, provider_id: str) -> HttpResponse:
    """Begins to connect an identity with the account that is signed in."""
    provider = oidc.provider_of(provider_id)
    return _go(request, provider, process="connect", next_path="/settings/sign-in-ways")


@require_safe
@never_cache
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends people back to."""
    provider = oidc.provider_of(provider_id)
    begun = oidc.take(request.session, provider, request.GET.get("state", ""))
    if begun is None:
        return _sorry(request, "This took too long, or was begun in another browser. Please start again.")
    if "error" in request.GET:
        return _sorry(request, f"{provider.name} did not let you in, or you cancelled.", begun.process)
    try:
        limits.check("sign_in.address", client_ip(request))
        claims = oidc.finish(provider, begun, request.GET.dict(), origin=_origin(request))
    except (ProviderFailed, RateLimited) as error:
        if begun.process == "sign_in":
            limited = isinstance(error, RateLimited)
            _record(request, LoginOutcome.LIMITED if limited else LoginOutcome.BAD_CREDENTIALS)
        return _sorry(request, error.detail, begun.process)
    if begun.process == "connect":
        return _connect(request, begun, claims)
    return _sign_in(request, begun, claims)


def _record(request: HttpRequest, outcome: LoginOutcome) -> None:
    services.record_sign_in(
        attempt=sign_in_attempt(request), outcome=outcome, member_id=None, method=SignInMethod.PROVIDER
    )


def _connect(request: HttpRequest, begun: oidc.Begun, claims: oidc.Claims) -> HttpResponse:
    """Only for the member who began it: nobody connects an identity of theirs with another's account."""
    member: User | None = getattr(request, "member", None)
    if member is None or str(member.pk) != begun.member:
        return _sorry(request, "You are no longer signed in as the member who began this.")
    try:
        identities.link(
            member_id=member.pk,
            issuer=claims.provider.issuer,
            subject=claims.subject,
            attempt=sign_in_attempt(request),
        )
    except IdentityTaken as error:
        return _sorry(request, f"{error.title}. {error.detail}", "connect")
    toast(request, f"Connected. {claims.provider.name} signs you in from now on.")
    return redirect("providers:ways")


def _sign_in(request: HttpRequest, begun: oidc.Begun, claims: oidc.Claims) -> HttpResponse:
    if getattr(request, "member", None):
        return redirect(settings.LOGIN_REDIRECT_URL)
    member = identities.member_of(claims)
    if member is None:
        _record(request, LoginOutcome.UNKNOWN)
        identities.knock(claims)
        request.session[PENDING] = {
            "provider": claims.provider.id,
            "issuer": claims.provider.issuer,
            "subject": claims.subject,
            "email": claims.email,
            "is_email_verified": claims.is_email_verified,
            "name": claims.name,
            "at": clock.now_ms(),
        }
        return redirect("providers:join")
    identities.note_use(claims)
    record_authentication(request, member, "socialaccount", provider=claims.provider.id)
    response: HttpResponse = perform_login(request, Login(user=member, redirect_url=begun.next))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Handle, name and address of somebody whom a provider has identified and nobody here knows."""
    identity: dict[str, Any] = request.session.get(PENDING) or {}
    if getattr(request, "member", None):
        return redirect(settings.LOGIN_REDIRECT_URL)
    if not identity or identity["at"] < clock.now_ms() - _JOIN_MS:
        return redirect("account_signup")
    provider = oidc.provider_of(identity["provider"])
    form = ProviderSignUpForm(
        request.POST if request.method == "POST" else None,
        address=client_ip(request),
        identity=identity,
        initial={"email": identity["email"], "name": identity["name"]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _join(request, form, identity)
        except HandleTaken:
            form.add_error("handle", "This handle was taken just now. Please choose another.")
        except InvitationOver as error:
            form.add_error("invitation", error.detail)
        except IdentityTaken as error:
            form.add_error(None, f"{error.title}. {error.detail}")
    return render(request, "users/provider_join.html", {"form": form, "provider": provider})


def _join(request: HttpRequest, form: ProviderSignUpForm, identity: dict[str, Any]) -> HttpResponse:
    member, response = form.try_save(request)
    del request.session[PENDING]
    if response:
        return response
    record_authentication(request, member, "socialaccount", provider=identity["provider"])
    joined: HttpResponse = complete_signup(request, user=member, redirect_url=settings.LOGIN_REDIRECT_URL)
    return joined


@require_safe
@member_required
def ways(request: MemberRequest) -> HttpResponse:
    """Everything that signs the member in."""
    context = {
        "ways": identities.ways_of(request.member.pk),
        "has_password": request.member.has_usable_password(),
    }
    return render(request, "users/sign_in_ways.html", context)


@require_POST
@recently_authenticated
def disconnect(request: MemberRequest, identity_id: UUID) -> HttpResponse:
    try:
        identities.unlink(
            member_id=request.member.pk, identity_id=identity_id, attempt=sign_in_attempt(request)
        )
    except LastWayIn as error:
        return _sorry(request, f"{error.title}. {error.detail}", "connect")
    toast(request, "Disconnected. It signs nobody in any more.")
    return redirect("providers:ways")


app_name = "providers"
urlpatterns = [
    path("sign-in/with/<slug:provider_id>", start, name="start"),
    path("sign-in/with/<slug:provider_id>/back", back, name="back"),
    path("join/with", join, name="join"),
    path("settings/sign-in-ways", ways, name="ways"),
    path("settings/sign-in-ways/<slug:provider_id>/connect", connect, name="connect"),
    path("settings/sign-in-ways/<uuid:identity_id>/disconnect", disconnect, name="disconnect"),
]

"""The page of access tokens."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.core import limits
from beyou.core.toasts import toast
from beyou.users import access_tokens, queries
from beyou.users.errors import TokenMadeBefore, TooManyTokens
from beyou.users.http import MemberRequest, member_required, recently_authenticated, sign_in_attempt
from beyou.users.scopes import MEANING, Scope
from beyou.users.token_forms import TokenForm


@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated
def tokens(request: MemberRequest) -> HttpResponse:
    """The member's tokens and the form of a new one, whose text only the answer to the form shows."""
    if request.method != "POST":
        return _page(request, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    limits.check("tokens.member", str(request.member.pk))
    try:
        made, text = access_tokens.create_token(
            member_id=request.member.pk,
            token_id=form.cleaned_data["id"],
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            days=form.cleaned_data["days"],
            attempt=sign_in_attempt(request),
        )
    except TokenMadeBefore:
        toast(request, "This token is made already. We show it only once: if you lost it, revoke it.")
        return redirect("tokens:tokens")
    except TooManyTokens as error:
        form.add_error(None, error.detail)
        return _page(request, form, status=error.status)
    return render(request, "users/token_made.html", {"token": made, "text": text, "can": _words(made.scopes)})


def _page(request: MemberRequest, form: TokenForm, status: int = 200) -> HttpResponse:
    found = [(token, _words(token.scopes)) for token in queries.usable_tokens(request.member.pk)]
    return render(request, "users/tokens.html", {"form": form, "tokens": found}, status=status)


def _words(scopes: str) -> list[str]:
    return [MEANING[Scope(scope)] for scope in scopes.split()]


@require_POST
@member_required
def revoke(request: MemberRequest, token_id: UUID) -> HttpResponse:
    access_tokens.revoke_token(
        member_id=request.member.pk, token_id=token_id, attempt=sign_in_attempt(request)
    )
    toast(request, "Revoked. From now on it opens nothing.")
    return redirect("tokens:tokens")


app_name = "tokens"
urlpatterns = [
    path("settings/tokens", tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke", revoke, name="revoke"),
]

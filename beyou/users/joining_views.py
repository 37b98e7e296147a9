"""The page of whoever waits to be let in by the staff."""

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.core import limits
from beyou.core.toasts import toast
from beyou.users import joining
from beyou.users.http import MemberRequest, member_required, waiting_member


class WhyForm(forms.Form):
    words = forms.CharField(
        label="Why do you want to join?",
        max_length=joining.MOST_WORDS,
        help_text="Our staff read it, and nobody else. You can change it until they decide.",
        widget=forms.Textarea(attrs={"rows": 5, "maxlength": joining.MOST_WORDS}),
        error_messages={"required": "Say a few words: our staff decide by them."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: HttpRequest) -> HttpResponse:
    """How it stands, and the words that the staff read."""
    member = waiting_member(request)
    if member is None:
        return _not_waiting(request)
    wish = joining.wish_of(member.pk)
    form = WhyForm(request.POST if request.method == "POST" else None, initial={"words": wish.words})
    if form.is_valid():
        limits.check("joining.member", str(member.pk))
        joining.say_why(member_id=member.pk, words=form.cleaned_data["words"])
        toast(request, "We have it. You get a mail when our staff have decided.")
        return redirect("waiting")
    context = {"wish": wish, "form": form, "handle": member.handle, "days": joining.REFUSED_FOR.days}
    return render(request, "users/waiting.html", context, status=422 if form.is_bound else 200)


@require_POST
def give_up(request: HttpRequest) -> HttpResponse:
    """Whoever waits changes their mind."""
    member = waiting_member(request)
    if member is None:
        return _not_waiting(request)
    joining.give_up(member_id=member.pk)
    logout(request)
    request.waiting = None  # type: ignore[attr-defined]  # the page is a visitor's already
    return render(request, "users/given_up.html")


def _not_waiting(request: HttpRequest) -> HttpResponse:
    """Members have nothing to do here; visitors sign in first."""

    @member_required
    def stay(request: MemberRequest) -> HttpResponse:
        return redirect("pages:home")

    return stay(request)


urlpatterns = [
    path("waiting", waiting, name="waiting"),
    path("waiting/give-up", give_up, name="give-up"),
]

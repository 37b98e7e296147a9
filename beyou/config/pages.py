"""The member's own pages that bring several apps together; only this rank may know them all."""

from dataclasses import dataclass

from django import forms
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from beyou.config import demo_keys as keys_of_demo
from beyou.config import demo_staff
from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.toasts import toast
from beyou.friends import queries as friends
from beyou.keys import queries as keys
from beyou.messaging import queries as messaging
from beyou.users import queries as members
from beyou.users import services as users
from beyou.users.http import MemberRequest, member_required
from beyou.users.models import Accent, Theme

RECENT_CHATS = 5
SHOWN_REQUESTS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a newcomer does to be at home; done ones stay in the list, ticked."""

    done: bool
    title: str
    text: str
    icon: str
    href: str
    label: str


class LookForm(forms.Form):
    accent = forms.ChoiceField(choices=Accent.choices)
    theme = forms.ChoiceField(choices=Theme.choices)


@require_safe
@member_required
def home(request: MemberRequest) -> HttpResponse:
    own_keys = keys.own_keys(request.member.id)
    steps = [
        Step(
            own_keys is not None,
            "Make your keys",
            "They let only you and your friends read what you write.",
            "key-round",
            "/settings/keys",
            "Make them",
        ),
        Step(
            own_keys is not None and own_keys.recovery_tested_at is not None,
            "Save your recovery file",
            "So that a lost phone does not mean lost messages.",
            "file-key-2",
            "/settings/keys",
            "Save it",
        ),
        Step(
            members.has_factor(request.member.id),
            "Add a second step",
            "So that a stolen password is not enough.",
            "shield-check",
            "/settings/second-step",
            "Add it",
        ),
        Step(
            friends.friends_of(request.member.id).exists(),
            "Find a friend",
            "Only friends can write to each other.",
            "user-plus",
            "/friends/search",
            "Find one",
        ),
    ]
    left = sum(not step.done for step in steps)
    context = {
        "steps": steps if left else [],
        "steps_left": left,
        "requests": friends.requests_to(request.member.id)[:SHOWN_REQUESTS],
        "rows": messaging.conversation_page(request.member.id, limit=RECENT_CHATS).items,
        "today": clock.now(),
    }
    return render(request, "pages/home.html", context)


@require_safe
@member_required
def settings(request: MemberRequest) -> HttpResponse:
    return render(request, "settings/index.html")


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def look(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        shown = {"accent": request.member.accent, "theme": request.member.theme}
        return render(request, "settings/look.html", {"form": LookForm(initial=shown)})
    form = LookForm(request.POST)
    if not form.is_valid():
        return render(request, "settings/look.html", {"form": form}, status=422)
    users.change_look(member=request.member, **form.cleaned_data)
    toast(request, "Saved. That is you.")
    return redirect("pages:look")


@require_safe
def demo_keys(request: HttpRequest) -> HttpResponse:
    """The recovery files of demo members, for everybody; on any other instance there is no such page."""
    _only_in_development()
    handles = sorted(path.stem for path in keys_of_demo.folder().glob("*.pem"))
    return render(
        request, "pages/demo_keys.html", {"handles": handles, "passphrase": keys_of_demo.PASSPHRASE}
    )


@require_safe
def demo_key_file(request: HttpRequest, handle: str) -> HttpResponse:
    _only_in_development()
    path = keys_of_demo.recovery_path(handle)
    if not path.exists():
        raise NotFound
    return HttpResponse(
        path.read_bytes(),
        content_type="application/x-pem-file",
        headers={"Content-Disposition": f'attachment; filename="beyou-demo-{handle}.pem"'},
    )


@require_safe
def demo_code(request: HttpRequest) -> HttpResponse:
    """The second step of the demo's owner, for everybody; on any other instance there is no such page."""
    _only_in_development()
    shown = {"shown": demo_staff.present_code(), "address": f"/{django_settings.STAFF_PREFIX}/"}
    return render(request, "pages/demo_code.html", shown)


def _only_in_development() -> None:
    if django_settings.MODE != "development":
        raise NotFound


app_name = "pages"
urlpatterns = [
    path("home", home, name="home"),
    path("settings", settings, name="settings"),
    path("settings/look", look, name="look"),
    path("dev/code", demo_code, name="demo-code"),
    path("dev/keys", demo_keys, name="demo-keys"),
    path("dev/keys/<slug:handle>.pem", demo_key_file, name="demo-key-file"),
]

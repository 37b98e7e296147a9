"""The staff pages: every one asks for its level, and members find none of them."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console import queries, services
from beyou.console.errors import NotBelow
from beyou.console.forms import AlertsForm, GrantForm, WithdrawForm
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.users import queries as users
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


@require_safe
@staff_required(None)
def start(request: MemberRequest) -> HttpResponse:
    """What waits for this member of the staff."""
    return render(
        request, "console/start.html", {"figures": queries.figures(request.member.pk, request.levels)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.OWNER)
def staff(request: MemberRequest) -> HttpResponse:
    """Who has which level; a POST grants one."""
    form = GrantForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _grant(request, form):
        return redirect("console:staff")
    context = {"form": form, "staff": queries.staff_list(request.member.pk)}
    return render(request, "console/staff.html", context, status=422 if form.is_bound else 200)


def _grant(request: MemberRequest, form: GrantForm) -> bool:
    """Whether the level was granted; the form says why not."""
    level, handle = Level(form.cleaned_data["level"]), form.cleaned_data["handle"]
    try:
        services.set_level(actor_id=request.member.pk, member_id=form.member_id, level=level, is_held=True)
    except NotBelow as error:
        form.add_error("handle", error.detail)
        return False
    toast(request, f"@{handle} is {level.value} now.")
    return True


@require_POST
@staff_required(Level.OWNER)
def withdraw(request: MemberRequest) -> HttpResponse:
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose one of the staff and a level on the page of the staff.")
    level = Level(form.cleaned_data["level"])
    services.set_level(
        actor_id=request.member.pk, member_id=form.cleaned_data["member"], level=level, is_held=False
    )
    toast(request, f"The level {level.value} was taken away. It ends with their next click.")
    return redirect("console:staff")


@require_safe
@staff_required(Level.MODERATOR)
def alerts(request: MemberRequest) -> HttpResponse:
    """What the rules about sign-ins have found, the newest first."""
    form = AlertsForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the alerts.")
    page = users.alert_page(before=form.cleaned_data["before"])
    context = {"page": page, "next_url": f"?before={page.next}" if page.next else ""}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "console/_alert_lines.html" if part else "console/alerts.html", context)

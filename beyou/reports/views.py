"""Reporting somebody or something, and what became of it. Staff pages stand in `console`."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.messaging import quoting
from beyou.reports import queries, rules, services
from beyou.reports.forms import PlaceForm, ReportForm, ThreadForm
from beyou.reports.queries import Aim
from beyou.reports.rules import Target
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
def mine(request: MemberRequest) -> HttpResponse:
    """What the member reported, and what became of it."""
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of reports.")
    page = queries.my_reports(request.member.pk, before=form.cleaned_data["before"])
    context = {"page": page, "next_url": f"?before={page.next}" if page.next else ""}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "reports/_mine.html" if part else "reports/mine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def member(request: MemberRequest, handle: str) -> HttpResponse:
    return _answer(request, Target.MEMBER, handle)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def messages(request: MemberRequest, handle: str) -> HttpResponse:
    """Also further messages for a report that is open."""
    return _answer(request, Target.MESSAGES, handle)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def item(request: MemberRequest, item_id: UUID) -> HttpResponse:
    return _answer(request, Target.ITEM, str(item_id))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def order(request: MemberRequest, number: str) -> HttpResponse:
    """One part of an order, by either side."""
    return _answer(request, Target.ORDER, number)


def _answer(request: MemberRequest, target: Target, key: str) -> HttpResponse:
    """The form, with the messages to choose from where it is about messages; what was typed is kept."""
    found = queries.aim(request.member.pk, target, key)
    if request.method != "POST":
        return _page(request, found, ReportForm(target=target))
    form = ReportForm(request.POST, target=target)
    if form.is_valid():
        try:
            _report(request, target, key, form)
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            form.add_error(None, error.detail)
        else:
            toast(request, "Our staff have it. You read here what becomes of it.")
            return redirect("reports:mine")
    return _page(request, found, form)


def _report(request: MemberRequest, target: Target, key: str, form: ReportForm) -> None:
    chosen, openings = quoting.chosen_in(request.POST, most=rules.MOST_MESSAGES)
    services.report(
        reporter_id=request.member.pk,
        target=target,
        key=key,
        reason=form.chosen(),
        words=form.cleaned_data["words"],
        pictures=_files(request),
        message_ids=chosen,
        openings=openings,
    )


def _files(request: HttpRequest) -> list[bytes]:
    return [file.read() for file in request.FILES.getlist("pictures")[: rules.MOST_PICTURES + 1]]


def _page(request: MemberRequest, found: Aim, form: ReportForm) -> HttpResponse:
    known = queries.open_report(request.member.pk, found)
    context: dict[str, Any] = {
        "aim": found,
        "form": form,
        "known": known,
        "other": found.about,
        "most_pictures": rules.MOST_PICTURES,
        "ticked": {*request.POST.getlist("message"), *request.GET.getlist("tick")},
    }
    if found.target is Target.MESSAGES:
        context |= _thread(request, found, queries.shown_messages(known))
    return render(request, "reports/report.html", context, status=422 if form.errors else 200)


def _thread(request: MemberRequest, found: Aim, shown: set[UUID]) -> dict[str, Any]:
    place = ThreadForm(request.GET)
    if not place.is_valid():
        raise InvalidInput("This is not a place in the conversation.")
    thread = quoting.thread_between(request.member.pk, found.about.pk, before=place.cleaned_data["before"])
    messages = thread.messages if thread else []
    return {"thread": thread, "lines": quoting.choices(messages, request.member.pk, shown=shown)}

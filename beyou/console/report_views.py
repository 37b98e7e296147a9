"""The staff pages of reports: what waits, one case, and how it ends. Moderators and owners only."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console import filters
from beyou.console.member_views import moderator
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.media.http import media_response
from beyou.moderation import queries as moderation
from beyou.moderation.forms import SanctionForm
from beyou.moderation.rules import usual
from beyou.reports import queries, services
from beyou.reports.forms import (
    AnswerForm,
    BulkForm,
    PlaceForm,
    QueueForm,
    RemoveForm,
    RemoveMessagesForm,
    SanctionAnswerForm,
    TakeOffForm,
    UndoForm,
    wanted_of,
)
from beyou.reports.rules import REMOVABLE, Target
from beyou.users.http import MemberRequest


@lru_cache(maxsize=64)
def _filter_fields(chosen: tuple[tuple[str, str], ...]) -> SafeString:
    """The lists to filter by. There are few of them, and drawing them anew costs as much as the lines."""
    return render_to_string("console/_queue_filter.html", {"filter": QueueForm(dict(chosen))})


def _waiting(request: MemberRequest) -> dict[str, Any]:
    """What the left column shows, as the filter wants it."""
    form = QueueForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of reports.")
    wanted = form.carried()
    shelf = filters.shelf_for(request.member.pk, "reports", wanted)
    queue = queries.queue_for(
        request.member.pk,
        request.levels,
        wanted=form.chosen(),
        after=form.cleaned_data["after"],
        others=[wanted_of(each.chosen) for each in shelf.saved],
    )
    return {
        "queue": queue,
        "shelf": shelf.counted(queue.counts),
        "filter_fields": _filter_fields(tuple(wanted.items())),
        "filter_query": urlencode(wanted),
        "next_url": "?" + urlencode(wanted | {"after": str(queue.next)}) if queue.next else "",
    }


def _whole(request: MemberRequest) -> dict[str, Any]:
    """What stands on whole pages of cases: the list, and what this one decided a moment ago."""
    return _waiting(request) | {"last": queries.last_decision(request.member.pk)}


@require_safe
@moderator
def reports(request: MemberRequest) -> HttpResponse:
    """What waits, the longest waiting first; as a part of the page when htmx asks."""
    place = PlaceForm(request.GET)
    if not place.is_valid():
        raise InvalidInput("This is not a place in the list of reports.")
    part = bool(request.headers.get("HX-Request"))
    context = (_waiting if part else _whole)(request) | {"at": place.cleaned_data["at"]}
    return render(request, "console/_report_list.html" if part else "console/reports.html", context)


@require_safe
@moderator
def decided(request: MemberRequest) -> HttpResponse:
    """What is over, the newest first."""
    place = PlaceForm(request.GET)
    if not place.is_valid():
        raise InvalidInput("This is not a place in the list of reports.")
    page = queries.decided_for(request.member.pk, request.levels, before=place.cleaned_data["before"])
    context: dict[str, Any] = {"page": page, "next_url": f"?before={page.next}" if page.next else ""}
    part = bool(request.headers.get("HX-Request"))
    if not part:
        context["last"] = queries.last_decision(request.member.pk)
    template = "console/_decided_reports.html" if part else "console/decided_reports.html"
    return render(request, template, context)


@require_safe
@moderator
def case(request: MemberRequest, case_id: UUID) -> HttpResponse:
    return _case(request, case_id)


def _case(
    request: MemberRequest, case_id: UUID, preview: dict[str, str] | None = None, **sent: Form
) -> HttpResponse:
    """One case with what was said and shown, and what is known of whoever answers for it."""
    row = services.open_case(actor_id=request.member.pk, case_id=case_id)
    strikes = moderation.strikes_of(row.about_id)
    messages = queries.messages_of(row)
    context: dict[str, Any] = _whole(request) | {
        "at": row.pk,
        "case": row,
        "line": queries.waiting([row], request.member.pk)[0],
        "reports": queries.lines_of(row),
        "answer": queries.answer_of(row),
        "earlier": queries.earlier_cases(row),
        "sanctions": moderation.decisions_about(row.about_id, for_staff=True),
        "strikes": strikes,
        "usual": usual(strikes),
        "preview": preview,
        "dismiss_form": AnswerForm(auto_id="id_dismiss_%s"),
        "settle_form": AnswerForm(auto_id="id_settle_%s"),
        "off_form": TakeOffForm(auto_id="id_off_%s"),
        "sanction_form": SanctionForm(auto_id="id_sanction_%s"),
        "remove_form": RemoveForm(target=Target(row.target), auto_id="id_remove_%s"),
        "can_remove": Target(row.target) in REMOVABLE,
        "messages_form": RemoveMessagesForm(messages=messages, auto_id="id_messages_%s"),
        "removed": {each.row.message_id for each in messages if each.removed},
        "can_remove_messages": any(each.can_be_removed for each in messages),
        "tell_form": SanctionAnswerForm(auto_id="id_tell_%s"),
        "refused": next((form for form in sent.values() if form.errors), None),
    }
    return render(request, "console/report.html", context | sent, status=422 if context["refused"] else 200)


@require_safe
@moderator
def picture(request: MemberRequest, case_id: UUID, shown_id: UUID) -> HttpResponse:
    """A screenshot of the case. That it was looked at is written down before."""
    file = services.open_picture(
        actor_id=request.member.pk, case_id=case_id, shown_id=shown_id, address=client_ip(request)
    )
    return media_response(file)


@require_POST
@moderator
def hold(request: MemberRequest, case_id: UUID) -> HttpResponse:
    services.hold(actor_id=request.member.pk, case_id=case_id)
    return redirect("console:report", case_id)


@require_POST
@moderator
def let_go(request: MemberRequest, case_id: UUID) -> HttpResponse:
    services.let_go(actor_id=request.member.pk, case_id=case_id)
    return redirect("console:reports")


@require_POST
@moderator
def dismiss(request: MemberRequest, case_id: UUID) -> HttpResponse:
    return _end(request, case_id, "dismiss", services.dismiss, "Dismissed.")


@require_POST
@moderator
def settle(request: MemberRequest, case_id: UUID) -> HttpResponse:
    return _end(request, case_id, "settle", services.settle, "Settled.")


def _end(
    request: MemberRequest, case_id: UUID, name: str, service: Callable[..., None], done: str
) -> HttpResponse:
    """The case ends with nothing but an answer."""
    form = AnswerForm(request.POST, auto_id=f"id_{name}_%s")

    def decide() -> None:
        service(actor_id=request.member.pk, case_id=case_id, answer=form.cleaned_data["answer"])

    return _decide(request, case_id, done, decide, **{f"{name}_form": form})


@require_POST
@moderator
def take_off(request: MemberRequest, case_id: UUID) -> HttpResponse:
    form = TakeOffForm(request.POST, auto_id="id_off_%s")

    def decide() -> None:
        said = form.cleaned_data
        services.take_off(
            actor_id=request.member.pk, case_id=case_id, reason=said["reason"], answer=said["answer"]
        )

    return _decide(request, case_id, "It is off the market. The seller reads why.", decide, off_form=form)


@require_POST
@moderator
def sanction(request: MemberRequest, case_id: UUID) -> HttpResponse:
    """What the member will read, or the decision itself."""
    form = SanctionForm(request.POST, auto_id="id_sanction_%s")
    tell = SanctionAnswerForm(request.POST, auto_id="id_tell_%s")

    def decide() -> None:
        services.sanction(
            actor_id=request.member.pk, case_id=case_id, answer=tell.cleaned_data["answer"], **form.chosen()
        )

    if request.POST.get("do") != "decide" and form.is_valid() and tell.is_valid():
        return _case(request, case_id, form.preview(), sanction_form=form, tell_form=tell)
    done = "Decided. The member is told."
    return _decide(request, case_id, done, decide, sanction_form=form, tell_form=tell)


@require_POST
@moderator
def remove(request: MemberRequest, case_id: UUID) -> HttpResponse:
    """What the member will read, or the decision itself."""
    row = queries.case_for(request.member.pk, request.levels, case_id)
    form = RemoveForm(request.POST, target=Target(row.target), auto_id="id_remove_%s")

    def decide() -> None:
        services.remove(actor_id=request.member.pk, case_id=case_id, **form.chosen())

    if request.POST.get("do") != "decide" and form.is_valid():
        return _case(request, case_id, form.preview(), remove_form=form)
    return _decide(request, case_id, "It is taken away. The member is told.", decide, remove_form=form)


@require_POST
@moderator
def remove_messages(request: MemberRequest, case_id: UUID) -> HttpResponse:
    """What its author and the chat will say, or the decision itself."""
    row = queries.case_for(request.member.pk, request.levels, case_id)
    messages = queries.messages_of(row)
    form = RemoveMessagesForm(request.POST, messages=messages, auto_id="id_messages_%s")

    def decide() -> None:
        services.remove_messages(actor_id=request.member.pk, case_id=case_id, **form.chosen())

    if request.POST.get("do") != "decide" and form.is_valid():
        return _case(request, case_id, form.preview(), messages_form=form)
    return _decide(request, case_id, "It is removed. Its author is told.", decide, messages_form=form)


def _decide(
    request: MemberRequest, case_id: UUID, done: str, decide: Callable[[], None], **forms: Form
) -> HttpResponse:
    """The decision; what was typed is kept when it cannot be taken."""
    queries.case_for(request.member.pk, request.levels, case_id)
    if not any(form.errors for form in forms.values()):
        try:
            decide()
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            next(iter(forms.values())).add_error(None, f"{error.title}. {error.detail}")
        else:
            toast(request, f"{done} Whoever reported it is told.")
            return redirect("console:report", case_id)
    return _case(request, case_id, None, **forms)


@require_POST
@moderator
def reopen(request: MemberRequest, case_id: UUID) -> HttpResponse:
    services.reopen(actor_id=request.member.pk, case_id=case_id)
    toast(request, "It is open again, and yours. What was decided about a member stays until you lift it.")
    return redirect("console:report", case_id)


@require_POST
@moderator
def undo(request: MemberRequest) -> HttpResponse:
    """What this one decided a moment ago is undone, one case or several."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Undo what stands above the list of reports. Nothing was changed.")
    undone = services.undo(actor_id=request.member.pk, decision_id=form.cleaned_data["decision"])
    if undone.left:
        text = f"{len(undone.cases)} open again, and yours. {len(undone.left)} could not be: {undone.left[0]}"
        toast(request, text, level=messages.WARNING)
    else:
        toast(request, "Undone. It is open again, and yours.")
    is_one = len(undone.cases) == 1
    return redirect("console:report", undone.cases[0]) if is_one else redirect("console:reports")


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def bulk(request: MemberRequest) -> HttpResponse:
    """Several cases ended at once: chosen, shown once more, and then done."""
    if request.method != "POST":
        return _bulk(request, BulkForm())
    form = BulkForm(request.POST, cases=request.POST.getlist("case"))
    act = request.POST.get("do")
    if act == "all":
        return _bulk(request, BulkForm(initial={"answer": request.POST.get("answer", "")}))
    sanction_form = SanctionForm(request.POST if act in ("words", "decide") else None)
    if not form.is_valid() or (sanction_form.is_bound and not sanction_form.is_valid()):
        return _bulk(request, form, sanction_form)
    if act not in ("dismiss", "decide"):
        preview = sanction_form.preview() if sanction_form.is_bound else None
        return _bulk(request, form, sanction_form, preview)
    given = {"actor_id": request.member.pk, "case_ids": form.case_ids, "answer": form.cleaned_data["answer"]}
    done, left = (
        services.dismiss_many(**given)
        if act == "dismiss"
        else services.sanction_many(**given, **sanction_form.chosen())
    )
    word = "dismissed" if act == "dismiss" else "decided"
    more = f" {left} could not be: somebody holds them, or they are decided." if left else ""
    toast(request, f"{done} {word}.{more}")
    return redirect("console:reports-bulk")


def _bulk(
    request: MemberRequest,
    form: BulkForm,
    sanction_form: SanctionForm | None = None,
    preview: dict[str, str] | None = None,
) -> HttpResponse:
    is_chosen = form.is_bound and form.is_valid()
    chosen = queries.chosen_cases(request.member.pk, request.levels, form.case_ids) if is_chosen else []
    context = _whole(request) | {
        "form": form,
        "sanction_form": sanction_form or SanctionForm(),
        "preview": preview,
        "chosen": chosen,
        "ticked": set(request.POST.getlist("case")),
        "are_all_ticked": request.POST.get("do") == "all",
    }
    refused = form.errors or (sanction_form and sanction_form.errors)
    return render(request, "console/reports_bulk.html", context, status=422 if refused else 200)


_STEPS = {
    "hold": hold,
    "release": let_go,
    "dismiss": dismiss,
    "settle": settle,
    "sanction": sanction,
    "take-off": take_off,
    "remove": remove,
    "remove-messages": remove_messages,
    "reopen": reopen,
}
#: Each has an address of its own below the case.
STEPS = tuple(_STEPS)

urlpatterns = [
    path("reports", reports, name="reports"),
    path("reports/decided", decided, name="reports-decided"),
    path("reports/several", bulk, name="reports-bulk"),
    path("reports/undo", undo, name="reports-undo"),
    path("reports/<uuid:case_id>", case, name="report"),
    path("reports/<uuid:case_id>/pictures/<uuid:shown_id>", picture, name="report-picture"),
    *(path(f"reports/<uuid:case_id>/{step}", view, name=f"report-{step}") for step, view in _STEPS.items()),
]

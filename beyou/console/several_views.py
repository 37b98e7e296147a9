"""Several requests to be verified at once: chosen and claimed, looked at, and decided with one reason."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from beyou.console.forms import RejectForm
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level
from beyou.verification import queries, services
from beyou.verification.rules import MOST_AT_ONCE, WORDS, Why
from beyou.verification.services import Several

verifier = staff_required(Level.VERIFIER)


class TickedForm(forms.Form):
    """Which requests were ticked."""

    def __init__(self, ticked: list[str]) -> None:
        super().__init__({})
        self.ticked = ticked
        self.request_ids: list[UUID] = []

    def clean(self) -> None:
        try:
            self.request_ids = [UUID(each) for each in self.ticked]
        except ValueError:
            raise forms.ValidationError("There is no such request.") from None
        if not 0 < len(self.request_ids) <= MOST_AT_ONCE:
            raise forms.ValidationError(f"Tick between 1 and {MOST_AT_ONCE} requests.")


@require_http_methods(["GET", "HEAD", "POST"])
@verifier
def several(request: MemberRequest) -> HttpResponse:
    """Ticks, a second look at what was ticked, and the decision. What could not be decided is named."""
    act = request.POST.get("do", "")
    form = TickedForm(request.POST.getlist("request"))
    if request.method != "POST" or act == "all" or not form.is_valid():
        return _choose(request, form if request.method == "POST" and act != "all" else None)
    given: dict[str, Any] = {"reviewer_id": request.member.pk, "request_ids": form.request_ids}
    if act == "approve":
        return _decided(request, services.approve_many(**given), "approved")
    if act == "release":
        services.release_many(**given)
        return redirect("console:several")
    if act in ("words", "reject"):
        return _reject(request, form.request_ids, is_preview=act == "words")
    return _look(request, form.request_ids, services.claim_many(**given).left)


def _choose(request: MemberRequest, form: TickedForm | None = None) -> HttpResponse:
    """The page with the boxes; `form` was refused."""
    context = {
        "lines": queries.queue_for(request.member.pk, request.levels).lines,
        "form": form,
        "ticked": set(form.ticked) if form else set(),
        "are_all_ticked": request.POST.get("do") == "all",
    }
    return render(request, "console/queue_several.html", context, status=422 if form else 200)


def _look(
    request: MemberRequest,
    request_ids: list[UUID],
    left: dict[UUID, str],
    form: RejectForm | None = None,
    preview: dict[str, str] | None = None,
) -> HttpResponse:
    """What was claimed once more, with what each member would read; what could not be claimed is named."""
    rows = _rows(request, request_ids)
    context = {
        "chosen": [row for row in rows if row.request.pk not in left],
        "left": _named(rows, left),
        "reject_form": form or RejectForm(initial=_typed(request)),
        "form": form,
        "preview": preview,
    }
    refused = form is not None and bool(form.errors)
    return render(request, "console/queue_look.html", context, status=422 if refused else 200)


def _typed(request: MemberRequest) -> dict[str, str]:
    """The reason that was typed for requests whose claim ran out."""
    return {name: request.POST.get(name, "")[:500] for name in RejectForm.base_fields}


def _rows(request: MemberRequest, request_ids: list[UUID]) -> list[queries.Chosen]:
    return queries.chosen_requests(
        request.member.pk, request.levels, request_ids, four_eyes=settings.VERIFICATION_FOUR_EYES
    )


def _named(rows: list[queries.Chosen], left: dict[UUID, str]) -> list[dict[str, Any]]:
    """Why each of those stays. What is not this reviewer's to judge has no name here."""
    people = {row.request.pk: row.request.member for row in rows}
    return [{"member": people.get(key), "why": why} for key, why in left.items()]


def _reject(request: MemberRequest, request_ids: list[UUID], *, is_preview: bool) -> HttpResponse:
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _look(request, request_ids, {}, form)
    said = {"why": Why(form.cleaned_data["why"]), "note": form.cleaned_data["note"]}
    if is_preview:
        words = "" if said["why"] is Why.OTHER else WORDS[said["why"]]
        return _look(request, request_ids, {}, form, {"words": words, "note": said["note"]})
    try:
        done = services.reject_many(reviewer_id=request.member.pk, request_ids=request_ids, **said)
    except InvalidInput as error:
        form.add_error("note", error.detail)
        return _look(request, request_ids, {}, form)
    return _decided(request, done, "refused")


def _decided(request: MemberRequest, decided: Several, word: str) -> HttpResponse:
    """All are decided, or the page names those that are not, and why."""
    final = [key for key in decided.done if key not in decided.seconded]
    undo = f"{reverse('console:undo-several')}?{urlencode({'request': final}, doseq=True)}" if final else ""
    text = f"{len(final)} {word}. The members are told in a few seconds."
    if decided.seconded:
        text = f"{len(decided.seconded)} approved once. Another reviewer must agree."
    if not decided.left:
        toast(request, text, undo=undo)
        return redirect("console:several")
    rows = _rows(request, list(decided.left))
    context = {
        "text": text if decided.done else "",
        "undo": undo,
        "left": _named(rows, decided.left),
        "again": [row.request.pk for row in rows],
        "typed": _typed(request) if word == "refused" else {},
    }
    return render(request, "console/queue_left.html", context, status=409)


@require_POST
@verifier
def undo_several(request: MemberRequest) -> HttpResponse:
    """Those that were decided a few seconds ago are this reviewer's again."""
    form = TickedForm(request.GET.getlist("request"))
    if not form.is_valid():
        raise InvalidInput("Undo what was decided a moment ago. Nothing was changed.")
    undone = services.undo_many(reviewer_id=request.member.pk, request_ids=form.request_ids)
    if undone.left:
        why = next(iter(undone.left.values()))
        text = f"{len(undone.done)} taken back. {len(undone.left)} could not be: {why}"
        toast(request, text, level=messages.WARNING)
    else:
        toast(request, f"{len(undone.done)} taken back: they are yours again, and nobody was told.")
    return redirect("console:several")


urlpatterns = [
    path("queue/several", several, name="several"),
    path("queue/several/undo", undo_several, name="undo-several"),
]

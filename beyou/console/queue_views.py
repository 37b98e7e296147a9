"""The review queue: requests to be verified, and renames of verified members. Verifiers and owners only."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console.forms import AskForm, EscalateForm, NoteForm, PlaceForm, RejectForm
from beyou.console.services import decide_rename
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.http import client_ip
from beyou.core.toasts import toast
from beyou.media.http import POLICY
from beyou.users import queries as users
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level, may_act_on
from beyou.verification import queries, services
from beyou.verification.rules import Part, Verdict, Why

verifier = staff_required(Level.VERIFIER)


def _place(request: HttpRequest) -> dict[str, UUID | None]:
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the queue.")
    return form.cleaned_data


def _list(request: MemberRequest, at: UUID | None) -> dict[str, Any]:
    """What the left column shows; `at` is what is open beside it."""
    renames = users.waiting_renames().exclude(member_id=request.member.pk)
    if Level.OWNER not in request.levels:
        renames = renames.filter(member__is_staff=False)
    return {
        "queue": queries.queue_for(request.member.pk, request.levels),
        "renames": list(renames[: queries.PAGE]),
        "at": at,
        "expected": queries.wait_to_expect(),
    }


@require_safe
@verifier
def queue(request: MemberRequest) -> HttpResponse:
    """What waits, the longest waiting first; as a part of the page when htmx asks."""
    context = _list(request, _place(request)["at"])
    part = bool(request.headers.get("HX-Request"))
    return render(request, "console/_queue_list.html" if part else "console/queue.html", context)


@require_safe
@verifier
def review(request: MemberRequest, request_id: UUID) -> HttpResponse:
    return _review(request, request_id)


def _review(request: MemberRequest, request_id: UUID, *forms: Form) -> HttpResponse:
    """One request: its document in the middle, what can be decided on the right. `forms` were refused, or
    were typed before a claim that ran out.
    """
    row = queries.request_for(request.member.pk, request.levels, request_id)
    decisions = _decisions(row.pk)
    context = _list(request, row.pk) | {
        "row": row,
        "reason": queries.reason_of(row),
        "document": queries.stored_document(row.pk),
        "decisions": decisions,
        "line": queries.waiting([row], request.member.pk, request.levels)[0],
        "escalated": _escalated(decisions),
        **{f"{step}_form": _form_of(step, forms) for step in _WITH_WORDS},
        "refused": next((form for form in forms if form.errors), None),
        "carried": [pair for form in forms for pair in _carried(form)],
    }
    return render(request, "console/review.html", context, status=422 if context["refused"] else 200)


def _form_of(step: str, forms: tuple[Form, ...]) -> Form:
    return next((form for form in forms if isinstance(form, _WITH_WORDS[step])), None) or _form(step, None)


def _form(step: str, data: QueryDict | None) -> Form:
    """The forms stand on one page and have fields of the same names, so that each needs ids of its own."""
    return _WITH_WORDS[step](data, auto_id=f"id_{step}_%s")


def _carried(form: Form) -> list[tuple[str, str]]:
    """What was typed, for the button that claims the request anew."""
    data = cast(QueryDict, form.data)
    typed = [(name, value) for name in form.fields for value in data.getlist(name)]
    return [("draft", step) for step, kind in _WITH_WORDS.items() if isinstance(form, kind)] + typed


def _escalated(decisions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The last time that the request was handed on."""
    handed_on = [each for each in decisions if each["row"].verdict == Verdict.ESCALATED]
    return handed_on[-1] if handed_on else None


def _decisions(request_id: UUID) -> list[dict[str, Any]]:
    rows = queries.decisions_about(request_id)
    people = users.members_by_id(row.reviewer_id for row in rows)
    return [
        {"row": row, "reviewer": people.get(row.reviewer_id), "words": queries.words_of(row)} for row in rows
    ]


@require_safe
@verifier
def document(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """The watermarked picture. That it was looked at is written down before."""
    opened = services.open_document(
        request_id=request_id, reviewer_id=request.member.pk, address=client_ip(request)
    )
    return HttpResponse(
        opened.data,
        content_type=opened.content_type,
        headers={
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": 'inline; filename="document.webp"',
            "Cache-Control": "no-store",
        },
    )


@require_POST
@verifier
def step(request: MemberRequest, request_id: UUID, step: str) -> HttpResponse:
    """Claim, renew, release, approve, reject, ask, escalate or undo."""
    ids = {"request_id": request_id, "reviewer_id": request.member.pk}
    if step in _PLAIN:
        return _plain(request, request_id, step)
    # Whoever may not decide it is told nothing about what they sent.
    queries.request_for(request.member.pk, request.levels, request_id)
    form = _form(step, request.POST)
    if not form.is_valid():
        return _review(request, request_id, form)
    try:
        _take(form, ids)
    except ApplicationError as error:
        if isinstance(error, NotFound):
            raise
        form.add_error("note" if isinstance(error, InvalidInput) else None, error.detail)
        return _review(request, request_id, form)
    if step == "escalate":
        toast(request, "Handed on. Whoever takes it reads your note.")
        return redirect("console:queue")
    return _decided(request, request_id, "Rejected." if step == "reject" else "Sent back with your question.")


def _take(form: Form, ids: dict[str, UUID]) -> None:
    """The step that the form is for, with what it says."""
    said = form.cleaned_data
    if isinstance(form, RejectForm):
        services.reject(**ids, why=Why(said["why"]), note=said["note"])
    elif isinstance(form, EscalateForm):
        services.escalate(**ids, to=Level(said["to"]), note=said["note"])
    else:
        parts = frozenset(Part(part) for part in said["parts"])
        services.ask_again(**ids, parts=parts, note=said["note"])


_PLAIN = ("claim", "renew", "release", "approve", "undo")
_WITH_WORDS: dict[str, type[Form]] = {"reject": RejectForm, "ask": AskForm, "escalate": EscalateForm}
#: Each has an address of its own below the request.
STEPS = (*_PLAIN, *_WITH_WORDS)


def _plain(request: MemberRequest, request_id: UUID, step: str) -> HttpResponse:
    ids = {"request_id": request_id, "reviewer_id": request.member.pk}
    if step == "renew":
        services.claim(**ids)
        return HttpResponse(status=204)
    if step == "approve":
        seconded = services.approve(**ids).verdict == Verdict.SECONDED
        if not seconded:
            return _decided(request, request_id, "Approved: the badge shows everywhere now.")
        toast(request, "Approved once. Another reviewer must agree.")
        return redirect("console:queue")
    if step == "release":
        services.release(**ids)
        return redirect("console:queue")
    {"claim": services.claim, "undo": services.undo}[step](**ids)
    if (draft := request.POST.get("draft", "")) in _WITH_WORDS:
        return _review(request, request_id, _form(draft, request.POST))
    return redirect("console:review", request_id=request_id)


def _decided(request: MemberRequest, request_id: UUID, text: str) -> HttpResponse:
    """Goes on to what waits next; the toast takes the decision back for a few seconds."""
    undo = reverse("console:undo", args=[request_id])
    toast(request, f"{text} The member is told in a few seconds.", undo=undo)
    lines = queries.queue_for(request.member.pk, request.levels).lines
    free = next((line for line in lines if line.is_free), None)
    return redirect("console:review", request_id=free.request.pk) if free else redirect("console:queue")


@require_safe
@verifier
def decided(request: MemberRequest) -> HttpResponse:
    """What was decided, by whom and why; owners take an approval back here."""
    page = queries.history_for(request.member.pk, request.levels, before=_place(request)["before"])
    next_url = "?" + urlencode({"before": str(page.next)}) if page.next else ""
    part = bool(request.headers.get("HX-Request"))
    template = "console/_decided_lines.html" if part else "console/decided.html"
    return render(request, template, {"page": page, "next_url": next_url})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Level.OWNER)
def revoke(request: MemberRequest, request_id: UUID) -> HttpResponse:
    """Takes a verification back, with a reason that the member reads."""
    row = queries.request_for(request.member.pk, request.levels, request_id)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        note = form.cleaned_data["note"]
        services.revoke(request_id=request_id, reviewer_id=request.member.pk, note=note)
        toast(request, f"@{row.member.handle} is no longer verified.")
        return redirect("console:decided")
    context = {"row": row, "form": form}
    return render(request, "console/revoke.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@verifier
def rename(request: MemberRequest, rename_id: UUID) -> HttpResponse:
    """Another handle or name that a verified member asked for: grant it, or refuse it with a reason."""
    row = users.rename_by_id(rename_id)
    mine = (request.member.pk, request.levels)
    if row is None or not may_act_on(*mine, row.member_id, users.levels_of(row.member_id)):
        raise NotFound
    is_granted = request.POST.get("verdict") == "grant"
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (is_granted or form.is_valid()):
        note = "" if is_granted else form.cleaned_data["note"]
        decide_rename(rename_id=rename_id, reviewer_id=request.member.pk, is_granted=is_granted, reason=note)
        toast(request, "Granted: the new name shows everywhere." if is_granted else "Refused.")
        return redirect("console:queue")
    context = _list(request, row.pk) | {"rename": row, "form": form}
    return render(request, "console/rename.html", context, status=422 if form.is_bound else 200)

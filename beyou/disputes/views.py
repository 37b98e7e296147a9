"""Claims as their two sides see them. Staff pages stand in `console`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ports import options
from beyou.core.toasts import toast
from beyou.disputes import queries, rules, services
from beyou.disputes.forms import (
    AgreeForm,
    ClaimForm,
    ContestForm,
    DeclineForm,
    OfferForm,
    PlaceForm,
    SayForm,
    ThreadForm,
)
from beyou.disputes.models import Claim
from beyou.disputes.rules import State, Step
from beyou.media.http import media_response
from beyou.messaging import quoting
from beyou.orders import queries as orders
from beyou.users.http import MemberRequest, member_required

if TYPE_CHECKING:
    from beyou.orders.models import SubOrder


def _is_part(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _files(request: HttpRequest) -> list[bytes]:
    return [file.read() for file in request.FILES.getlist("pictures")[: rules.MOST_PICTURES + 1]]


@require_safe
@member_required
def claims(request: MemberRequest) -> HttpResponse:
    """Claims in which the member is a side, the newest first."""
    form = PlaceForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of claims.")
    page = queries.claims_of(request.member.pk, before=form.cleaned_data["before"])
    template = "disputes/_claims.html" if _is_part(request) else "disputes/claims.html"
    return render(request, template, {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def new(request: MemberRequest, number: str) -> HttpResponse:
    """The buyer reports a problem with one part of an order; both sides are led to a claim that is there."""
    part = orders.part_between(request.member.pk, number)
    last = queries.last_claim_id(part)
    is_final = queries.refusal_for(part) in (rules.Refusal.OPEN, rules.Refusal.SETTLED)
    if last is not None and is_final:
        # Links of orders and sales lead here, whether or not there is a claim already.
        return redirect("disputes:claim", claim_id=last)
    if part.order.buyer_id != request.member.pk:
        raise NotFound
    if request.method != "POST":
        return _new_page(request, part, ClaimForm())
    form = ClaimForm(request.POST)
    if form.is_valid():
        try:
            made = services.claim(
                buyer_id=request.member.pk,
                number=number,
                reason=form.chosen(),
                text=form.cleaned_data["text"],
                pictures=_files(request),
            )
        except ApplicationError as error:
            form.add_error(None, error.detail)
        else:
            toast(request, "The seller has it. The money is frozen until it is settled.")
            return redirect("disputes:claim", claim_id=made.pk)
    return _new_page(request, orders.part_between(request.member.pk, number), form)


def _new_page(request: MemberRequest, part: "SubOrder", form: ClaimForm) -> HttpResponse:
    refusal = queries.refusal_for(part)
    context = {
        "part": part,
        "form": form,
        "refusal": rules.REFUSALS[refusal] if refusal and not form.errors else "",
        "most_pictures": rules.MOST_PICTURES,
        "answer_days": options.number("claim_answer_days"),
    }
    return render(request, "disputes/new.html", context, status=422 if form.errors else 200)


@require_safe
@member_required
def claim(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    """One claim with its history, and what the member may do; as a part only what happened."""
    found = queries.claim_for(request.member.pk, claim_id)
    if _is_part(request):
        seen = request.GET.get("seen", "")
        context = {
            "claim": found,
            "lines": queries.history(found),
            "is_news": seen in list(State) and seen != found.state,
        }
        return render(request, "disputes/_history.html", context)
    return _page(request, found)


def _page(request: MemberRequest, found: Claim, refused: Form | None = None) -> HttpResponse:
    side = queries.side_of(found, request.member.pk)
    steps = rules.steps_of(State(found.state), side)
    context: dict[str, Any] = {
        "claim": found,
        "side": side.value,
        "other": found.seller if side is rules.Side.BUYER else found.buyer,
        "lines": queries.history(found),
        "may": {step.value: step in steps for step in Step},
        "most_pictures": rules.MOST_PICTURES,
        "refused": refused,
    } | _forms(found, refused)
    return render(request, "disputes/claim.html", context, status=422 if refused else 200)


def _forms(found: Claim, refused: Form | None) -> dict[str, Form]:
    """The forms of the page, each with ids of its own; the refused one with what was typed."""
    fresh: dict[str, Form] = {
        "say_form": SayForm(auto_id="id_say_%s"),
        "offer_form": OfferForm(auto_id="id_offer_%s", currency=found.currency),
        "contest_form": ContestForm(auto_id="id_contest_%s"),
        "decline_form": DeclineForm(auto_id="id_decline_%s"),
    }
    return {name: refused if type(refused) is type(form) else form for name, form in fresh.items()}


@require_POST
@member_required
def step(request: MemberRequest, claim_id: UUID, step: str) -> HttpResponse:
    """Accept, offer, contest, agree, decline, withdraw or say."""
    found = queries.claim_for(request.member.pk, claim_id)
    form = _form(step, request, found)
    if form.is_valid():
        try:
            _TAKE[Step(step)](request, claim_id, form.cleaned_data)
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            form.add_error(None, error.detail)
        else:
            toast(request, _DONE[Step(step)])
            return redirect("disputes:claim", claim_id=claim_id)
    return _page(request, queries.claim_for(request.member.pk, claim_id), form)


def _form(step: str, request: MemberRequest, found: Claim) -> Form:
    if step == Step.OFFER:
        return OfferForm(request.POST, auto_id="id_offer_%s", currency=found.currency)
    kinds: dict[str, type[Form]] = {
        Step.SAY: SayForm,
        Step.CONTEST: ContestForm,
        Step.DECLINE: DeclineForm,
        Step.AGREE: AgreeForm,
    }
    return kinds.get(step, Form)(request.POST, auto_id=f"id_{step}_%s")


_Take = Callable[[MemberRequest, UUID, dict[str, Any]], None]
_TAKE: dict[Step, _Take] = {
    Step.ACCEPT: lambda request, key, _: services.accept(seller_id=request.member.pk, claim_id=key),
    Step.OFFER: lambda request, key, said: services.offer(
        seller_id=request.member.pk, claim_id=key, amount_minor=said["amount"], text=said["text"]
    ),
    Step.CONTEST: lambda request, key, said: services.contest(
        seller_id=request.member.pk, claim_id=key, text=said["text"]
    ),
    Step.AGREE: lambda request, key, said: services.agree(
        buyer_id=request.member.pk, claim_id=key, seen_minor=said["seen"]
    ),
    Step.DECLINE: lambda request, key, said: services.decline(
        buyer_id=request.member.pk, claim_id=key, text=said["text"]
    ),
    Step.WITHDRAW: lambda request, key, _: services.withdraw(buyer_id=request.member.pk, claim_id=key),
    Step.SAY: lambda request, key, said: services.say(
        member_id=request.member.pk, claim_id=key, text=said["text"], pictures=_files(request)
    ),
}
_DONE: dict[Step, str] = {
    Step.ACCEPT: "The buyer gets everything back.",
    Step.OFFER: "The buyer sees your offer now.",
    Step.CONTEST: "Our staff look at it. Add what speaks for you.",
    Step.AGREE: "Settled. The money is on its way to you.",
    Step.DECLINE: "Our staff look at it now.",
    Step.WITHDRAW: "Taken back. The seller gets the money.",
    Step.SAY: "Added.",
}
#: Each has an address of its own below the claim.
STEPS = tuple(step.value for step in _TAKE)


@require_safe
@member_required
def picture(request: MemberRequest, claim_id: UUID, evidence_id: UUID) -> HttpResponse:
    """A picture that one of the two shows to the other."""
    found = queries.claim_for(request.member.pk, claim_id)
    return media_response(queries.picture_for(found, evidence_id))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def messages(request: MemberRequest, claim_id: UUID) -> HttpResponse:
    """The conversation of the two, to choose from what the staff and the other side should read."""
    found = queries.claim_for(request.member.pk, claim_id)
    if not found.is_open:
        return redirect("disputes:claim", claim_id=claim_id)
    problem: ApplicationError | None = None
    if request.method == "POST":
        try:
            chosen, openings = quoting.chosen_in(request.POST, most=rules.MOST_MESSAGES)
            count = services.quote(
                member_id=request.member.pk, claim_id=claim_id, message_ids=chosen, openings=openings
            )
        except ApplicationError as error:
            if isinstance(error, NotFound):
                raise
            problem = error
        else:
            toast(request, "Added." if count else "They were there already.")
            return redirect("disputes:claim", claim_id=claim_id)
    return _messages_page(request, found, problem)


def _messages_page(request: MemberRequest, found: Claim, problem: ApplicationError | None) -> HttpResponse:
    place = ThreadForm(request.GET)
    if not place.is_valid():
        raise InvalidInput("This is not a place in the conversation.")
    other = found.seller if found.buyer_id == request.member.pk else found.buyer
    thread = quoting.thread_between(request.member.pk, other.pk, before=place.cleaned_data["before"])
    messages = thread.messages if thread else []
    context = {
        "claim": found,
        "other": other,
        "thread": thread,
        "lines": quoting.choices(messages, request.member.pk, shown=queries.shown_messages(found)),
        "problem": problem,
        "most": rules.MOST_MESSAGES,
        "ticked": set(request.POST.getlist("message")),
    }
    return render(request, "disputes/messages.html", context, status=422 if problem else 200)

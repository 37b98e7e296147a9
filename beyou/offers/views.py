"""Offers: making one, the list of each side, and the page on which the two agree."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.marketplace import queries as market
from beyou.offers import queries, rules, services
from beyou.offers.errors import OfferMoved
from beyou.offers.forms import NewQuery, PositionForm, PriceForm, StepForm, ids_of
from beyou.offers.queries import Talk
from beyou.offers.rules import Side, Step
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required

_DONE = {
    Step.ACCEPT: "Agreed. It is kept for the buyer for a day.",
    Step.DECLINE: "You said no.",
    Step.COUNTER: "Your price is on its way.",
    Step.WITHDRAW: "Taken back.",
}
_SIDES = {"made": Side.BUYER, "received": Side.SELLER}


def _is_part(request: MemberRequest) -> bool:
    """Whether htmx asks for a part of a page."""
    return bool(request.headers.get("HX-Request"))


@require_safe
@member_required
def offers(request: MemberRequest) -> HttpResponse:
    """What the member offered; with `side=received` what others offered for the member's things."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of your offers.")
    name = "received" if request.GET.get("side") == "received" else "made"
    page = queries.offers_of(request.member.pk, _SIDES[name], before=form.cleaned_data["before"])
    part = "offers/_offers.html" if form.cleaned_data["before"] else "offers/_page.html"
    template = part if _is_part(request) else "offers/offers.html"
    return render(request, template, {"page": page, "side": name})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@verified_required
def new(request: MemberRequest) -> HttpResponse:
    """An offer for one thing, and for more of the same seller if one likes."""
    if request.method == "POST":
        return _make(request)
    form = NewQuery(request.GET)
    if not form.is_valid():
        raise NotFound
    first = form.cleaned_data["variant"]
    if form.cleaned_data["item"]:
        listing = market.item_for(request.member.pk, form.cleaned_data["item"])
        free = [choice.id for choice in listing.choices if choice.available]
        first = free[0] if free else None
    if first is None and not form.cleaned_data["item"]:
        return redirect("/market")
    if first is None:
        raise NotFound("This cannot be bought at the moment, so there is nothing to offer for.")
    return _form(request, [first], PriceForm(currency=settings.MARKET_CURRENCY, label="Your price"))


def _make(request: MemberRequest) -> HttpResponse:
    chosen = ids_of(request.POST.getlist("variant"))
    if not chosen and not request.POST.get("first"):
        raise InvalidInput("Choose a thing on the market, then make an offer on its page.")
    form = PriceForm(request.POST, currency=settings.MARKET_CURRENCY, label="Your price")
    if not chosen:
        # Of whom the page was, so that what was typed comes back on it.
        chosen = ids_of([request.POST.get("first", "")])
        form.add_error(None, "Choose at least one thing.")
    if form.is_valid():
        try:
            offer = services.make_offer(
                buyer_id=request.member.pk, variant_ids=chosen, price_minor=form.cleaned_data["price"]
            )
        except OfferMoved as error:
            toast(request, error.detail)
            return redirect("offers:offer", offer_id=error.extra["offer"])
        except ApplicationError as error:
            if error.status in (403, 404, 429):
                raise
            form.add_error("price" if error.code == "bad_price" else None, error.detail)
        else:
            toast(request, "Your offer is on its way. The seller has two days to answer.")
            return redirect("offers:offer", offer_id=offer.pk)
    return _form(request, chosen, form)


def _form(request: MemberRequest, chosen: list[UUID], form: PriceForm) -> HttpResponse:
    """The page of a new offer. Raises `NotFound` unless the first thing can be bought."""
    found = market.buyable_for(request.member.pk, chosen)
    first = next((found[each] for each in chosen if each in found), None)
    if first is None:
        raise NotFound
    others = market.things_of(request.member.pk, first.seller_id)
    things = [first, *(each for each in others if each.variant_id != first.variant_id)]
    context: dict[str, Any] = {
        "form": form,
        "first": first,
        "things": things,
        "chosen": set(chosen),
        "list_minor": sum(each.price_minor for each in things if each.variant_id in chosen),
        "terms": market.terms_of([first.seller_id])[first.seller_id],
        "most": rules.MOST_THINGS,
    }
    return render(request, "offers/new.html", context, status=422 if form.errors else 200)


@require_safe
@member_required
def offer(request: MemberRequest, offer_id: UUID) -> HttpResponse:
    return _show(request, queries.offer_for(request.member.pk, offer_id))


def _show(request: MemberRequest, talk: Talk, form: PriceForm | None = None) -> HttpResponse:
    """The offer as it stands, with what this side may do."""
    label = "Your price" if talk.side is Side.BUYER else "The price that you want"
    form = form or PriceForm(currency=talk.offer.currency, label=label)
    context = {
        "talk": talk,
        "offer": talk.offer,
        "may": {step.value: step in talk.may for step in Step},
        "moves": [(rules.WHAT_WORDS[rules.What(move.what)], move) for move in talk.moves],
        "form": form,
    }
    template = "offers/_offer.html" if _is_part(request) else "offers/offer.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
@member_required
def step(request: MemberRequest, offer_id: UUID) -> HttpResponse:
    """Accepts, declines, counters or takes back."""
    talk, which = queries.offer_for(request.member.pk, offer_id), StepForm(request.POST)
    if not which.is_valid():
        raise InvalidInput("There is no such step.")
    taken, price = Step(which.cleaned_data["step"]), which.cleaned_data["seen"]
    form = PriceForm(request.POST, currency=talk.offer.currency, label="Your price")
    if taken is Step.COUNTER:
        if not form.is_valid():
            return _show(request, talk, form)
        price = form.cleaned_data["price"]
    try:
        services.take_step(member_id=request.member.pk, offer_id=offer_id, step=taken, price_minor=price)
    except InvalidInput as error:
        form.add_error("price", error.detail)
        return _show(request, talk, form)
    toast(request, _DONE[taken])
    return redirect("offers:offer", offer_id=offer_id)

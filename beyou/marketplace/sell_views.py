"""Selling: one page for an item from its first word to its last change."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput, NotFound, RateLimited
from beyou.core.ids import is_uuid7, uuid7
from beyou.core.ports import options
from beyou.core.toasts import toast
from beyou.marketplace import forms, rules, services
from beyou.marketplace.addresses import address_of
from beyou.marketplace.forms import StepForm, Typed
from beyou.marketplace.queries import browse, is_taken, look_at, own_item
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.queries.items import Listing
from beyou.marketplace.rules import CONDITIONS, Details, State, Step
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required

DONE = {
    Step.PUBLISH: "It is on the market. Good luck!",
    Step.PAUSE: "Paused. Nobody else sees it until you resume it.",
    Step.RESUME: "It is on the market again.",
    Step.END: "Ended. It is a draft again.",
    Step.RELIST: "A draft again: say how many there are, then publish it.",
}
WAITS = "Our staff look at it before others see it. You are told when they have."


@require_safe
@member_required
@verified_required
def start(request: MemberRequest) -> HttpResponse:
    """A page with an address of its own, so that what is typed there is saved once and found again."""
    return redirect("market:sell-item", item_id=uuid7())


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@verified_required
def sell(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Shows and keeps an item. Without scripts the same form does everything by its buttons."""
    listing = _own(request.member.pk, item_id)
    if request.method != "POST":
        return render(request, "marketplace/sell.html", _context(request, item_id, listing))
    typed = forms.read(request.POST, currency=settings.MARKET_CURRENCY, categories=_slugs())
    problem = _keep(request, item_id, listing, typed)
    if request.headers.get("HX-Request"):
        shown = _context(request, item_id, _own(request.member.pk, item_id), typed, problem)
        return render(request, "marketplace/_saved.html", shown)
    act = str(request.POST.get("do", ""))
    problem = problem or _then(request, item_id, act, typed)
    if problem or typed.wrong:
        shown = _context(request, item_id, _own(request.member.pk, item_id), typed, problem)
        return render(request, "marketplace/sell.html", shown, status=problem.status if problem else 422)
    return _onward(request, item_id, act)


def _own(member_id: UUID, item_id: UUID) -> Listing | None:
    """The member's item, or None for one that is not there yet. What is somebody else's is not found."""
    try:
        return own_item(member_id, item_id)
    except NotFound:
        if not is_uuid7(item_id) or is_taken(item_id):
            raise
        return None


def _slugs() -> list[str]:
    return [branch.slug for root in browse.tree() for branch in (root, *root.branches)]


def _keep(
    request: MemberRequest, item_id: UUID, listing: Listing | None, typed: Typed
) -> ApplicationError | None:
    """Saves what was typed and the pictures that came with it; returns what kept it from being saved."""
    is_draft = listing is None or listing.item.state == State.DRAFT
    if typed.wrong and not is_draft:
        return None
    version = request.POST.get("version", "")
    try:
        services.save_item(
            seller_id=request.member.pk,
            item_id=item_id,
            details=typed.details,
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else None,
            page=request.POST.get("page", "")[:36],
            unfinished=typed.unfinished(),
        )
        _keep_pictures(request, item_id)
    except (InvalidInput, ApplicationError) as error:
        if error.status in (403, 404, 429):
            raise
        return error
    return None


def _keep_pictures(request: MemberRequest, item_id: UUID) -> None:
    me = request.member.pk
    alts = {image.pk: request.POST.get(f"alt-{image.pk}") for image in own_item(me, item_id).images}
    said = {pk: text for pk, text in alts.items() if text is not None}
    if said:
        services.arrange_pictures(seller_id=me, item_id=item_id, alts=said)
    for file in request.FILES.getlist("pictures"):
        services.add_picture(seller_id=me, item_id=item_id, data=file.read())


def _then(request: MemberRequest, item_id: UUID, act: str, typed: Typed) -> ApplicationError | None:
    """What the pressed button does beside saving."""
    me, (verb, _, image) = request.member.pk, act.partition(":")
    try:
        if verb == "remove":
            services.remove_picture(seller_id=me, item_id=item_id, image_id=UUID(image))
        elif verb == "first":
            services.arrange_pictures(seller_id=me, item_id=item_id, order=[UUID(image)])
        elif verb == "publish" and not typed.wrong:
            services.take_step(seller_id=me, item_id=item_id, step=Step.PUBLISH)
    except ValueError:
        return InvalidInput("There is no such picture. Load the page again.")
    except ApplicationError as error:
        if error.status == 403 or isinstance(error, RateLimited):
            raise
        return error
    return None


def _onward(request: MemberRequest, item_id: UUID, act: str) -> HttpResponse:
    listing = own_item(request.member.pk, item_id)
    if listing.item.state == State.DRAFT and look_at(item_id):
        toast(request, WAITS)
    elif act == "publish":
        toast(request, DONE[Step.PUBLISH])
        return redirect(address_of(item_id, listing.item.title))
    elif act == "save":
        toast(request, "Saved.")
        if listing.state is not State.DRAFT:
            return redirect(address_of(item_id, listing.item.title))
    return redirect("market:sell-item", item_id=item_id)


def _context(
    request: MemberRequest,
    item_id: UUID,
    listing: Listing | None,
    typed: Typed | None = None,
    problem: ApplicationError | None = None,
) -> dict[str, Any]:
    """Everything that the sell page shows: what was typed just now, or else what is stored."""
    item = listing.item if listing else None
    currency = settings.MARKET_CURRENCY
    details = details_of(item) if item else Details()
    values = typed.values if typed else forms.values_of(details, currency) | (item.unfinished if item else {})
    price = typed.details.price_minor if typed else details.price_minor
    fee = rules.fee_of(price, options.number("market_commission")) if price else 0
    return {
        "item_id": item_id,
        "item": item,
        "listing": listing,
        "is_draft": item is None or item.state == State.DRAFT,
        "values": values,
        "wrong": typed.wrong if typed else _wrong(item),
        "problem": problem,
        "page": request.POST.get("page") or str(uuid7()),
        "choices": forms.choice_rows(values),
        "ways": forms.way_rows(values),
        "branches": browse.tree(),
        "conditions": CONDITIONS.items(),
        "currency": currency,
        "price": price,
        "payout": price - fee if price else None,
        "fee": fee,
        "images": listing.images if listing else (),
        "room": rules.MOST_IMAGES - (len(listing.images) if listing else 0),
        "limits": rules,
        "look": look_at(item_id) if item and item.state == State.DRAFT else None,
    }


def _wrong(item: Any) -> dict[str, str]:
    """Of a stored draft: what could not be read when it was typed."""
    if item is None or not item.unfinished:
        return {}
    groups = {"choice": "choices", "way": "delivery"}
    names = {groups.get(name.partition("-")[0], name) for name in item.unfinished}
    return dict.fromkeys(names, "This could not be read yet. It is kept as you typed it.")


@require_safe
@member_required
def own_items(request: MemberRequest) -> HttpResponse:
    """What the member drafts, offers, paused and sold."""
    return render(request, "marketplace/own_items.html", {"cards": browse.own_items(request.member.pk)})


@require_POST
@member_required
@verified_required
def step(request: MemberRequest, item_id: UUID) -> HttpResponse:
    """Publishes, pauses, resumes, ends or relists one's own item."""
    form = StepForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("There is no such step.")
    taken = Step(form.cleaned_data["step"])
    moved = services.take_step(seller_id=request.member.pk, item_id=item_id, step=taken)
    is_kept = taken in (Step.PUBLISH, Step.RESUME) and moved.state == State.DRAFT
    toast(request, WAITS if is_kept else DONE[taken])
    if taken is Step.RELIST:
        return redirect("market:sell-item", item_id=item_id)
    return redirect("market:own-items")


@require_POST
@member_required
def delete(request: MemberRequest, item_id: UUID) -> HttpResponse:
    services.delete_draft(seller_id=request.member.pk, item_id=item_id)
    toast(request, "The draft is deleted.")
    return redirect("market:own-items")

"""Looking at the market."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from beyou.core import limits
from beyou.core.errors import NotFound
from beyou.core.ports import interest
from beyou.core.toasts import toast
from beyou.marketplace import fragments, services
from beyou.marketplace.addresses import address_of
from beyou.marketplace.http import browsing_member
from beyou.marketplace.queries import browse, check_picture, item_for
from beyou.marketplace.rules import CONDITIONS, DELIVERIES, SEARCH_NAME_LENGTH, Condition, Step
from beyou.media.http import media_response
from beyou.media.queries import media_file
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
@browsing_member
def market(request: MemberRequest, category: str = "") -> HttpResponse:
    """The grid with its facets; only the next cards when htmx asks for a further page."""
    branches = browse.tree()
    here = browse.branch_of(branches, category)
    if category and here is None:
        raise NotFound
    question, after = fragments.asked(request.GET), request.GET.get("after", "")
    wanted, facets = fragments.facets(question, here)
    if wanted.text:
        limits.check("search.member", str(request.member.pk))
    page = browse.card_page(request.member.pk, wanted, branches, after=after, likes=False)
    following = "&".join(part for part in (question, f"after={page.next}") if part)
    context = {"page": page, "next_url": f"{request.path}?{following}" if page.next else ""}
    if request.headers.get("HX-Request") and after:
        return render(request, "marketplace/_cards.html", context)
    context |= {"wanted": wanted, "facets": facets, "here": here, "is_first": not after}
    context |= {"categories": fragments.categories(branches, here), "question": question}
    if wanted.is_narrow or here:
        context["search_name"] = (wanted.text or (here.name if here else "") or "My search")[
            :SEARCH_NAME_LENGTH
        ]
    return render(request, "marketplace/market.html", context)


@require_safe
@member_required
@browsing_member
def item(request: MemberRequest, item_id: UUID, slug: str = "") -> HttpResponse:
    """One item. The address is put right when the title was changed since."""
    listing = item_for(request.member.pk, item_id)
    address = address_of(item_id, listing.item.title)
    if request.path != address:
        return redirect(address)
    if listing.item.seller_id != request.member.pk:
        interest.viewed(item_id, listing.item.seller_id)
    condition = listing.item.condition
    context = {
        "listing": listing,
        "item": listing.item,
        "condition": CONDITIONS[Condition(condition)] if condition else "",
        "ways": [(DELIVERIES[way.kind], way) for way in listing.ways],
        "similar": browse.similar_to(request.member.pk, listing.item) if listing.item.category_id else [],
        "steps": Step,
    }
    return render(request, "marketplace/item.html", context)


@require_safe
@member_required
@browsing_member
def picture(request: MemberRequest, image_id: UUID) -> HttpResponse:
    """A picture of an item that the member may see."""
    check_picture(request.member.pk, image_id)
    return media_response(media_file(image_id))


@require_safe
@member_required
@browsing_member
def favourites(request: MemberRequest) -> HttpResponse:
    cards = browse.favourites(request.member.pk)
    return render(request, "marketplace/favourites.html", {"page": browse.CardPage(cards, "")})


@require_POST
@member_required
@browsing_member
def like(request: MemberRequest, item_id: UUID) -> HttpResponse:
    services.like(member_id=request.member.pk, item_id=item_id)
    toast(request, "Saved to your favourites.", undo=reverse("market:unlike", args=[item_id]))
    return _liked(request, item_id, is_favourite=True)


@require_POST
@member_required
@browsing_member
def unlike(request: MemberRequest, item_id: UUID) -> HttpResponse:
    services.unlike(member_id=request.member.pk, item_id=item_id)
    toast(request, "No longer a favourite.", undo=reverse("market:like", args=[item_id]))
    return _liked(request, item_id, is_favourite=False)


def _liked(request: MemberRequest, item_id: UUID, *, is_favourite: bool) -> HttpResponse:
    """The heart for htmx; the page of the item for everybody else."""
    if request.headers.get("HX-Request"):
        context = {"item_id": item_id, "is_favourite": is_favourite}
        return render(request, "marketplace/_heart.html", context)
    return redirect("market:item-by-id", item_id=item_id)

"""The API of the market: looking, keeping an eye on things, and selling."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import File, Query, Router
from ninja.files import UploadedFile
from pydantic import Field, StrictBool, StrictInt, StrictStr

from beyou.core import limits
from beyou.core.errors import InvalidInput
from beyou.core.http import json_response
from beyou.core.ports import interest
from beyou.core.ports.reputation import Standing
from beyou.core.schemas import Input
from beyou.marketplace import services
from beyou.marketplace.addresses import address_of
from beyou.marketplace.http import browsing_member
from beyou.marketplace.queries import browse, item_for, own_item, terms_of
from beyou.marketplace.queries.browse import Branch
from beyou.marketplace.queries.cards import Card
from beyou.marketplace.queries.items import Listing
from beyou.marketplace.queries.searches import Saved, saved_search, saved_searches
from beyou.marketplace.rules import Condition, Delivery, Details, Piece, Step, Terms
from beyou.marketplace.wanted import Sort, Wanted
from beyou.users.http import member_id_of
from beyou.verification.http import verified_required

if TYPE_CHECKING:
    from beyou.marketplace.queries.cards import Seller
    from beyou.users.models import User

router = Router(tags=["market"])
_Text = Annotated[StrictStr, Field(max_length=20_000, pattern=r"^[^\x00]*$")]
#: Anything a column can hold; the rules of the market say which of it is allowed, and why not.
_Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
#: Conditions with commas between them.
_ANY: Final = "|".join(Condition)
_CONDITIONS: Final = rf"^(({_ANY})(,({_ANY})){{0,4}})?$"


class ItemsQuery(Input):
    """`low` and `high` are in minor units; `condition` may name several, with commas between them;
    `friends_first` lists what friends offer before all else.
    """

    q: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    category: Annotated[str, Field(max_length=40)] = ""
    low: Annotated[int, Field(ge=0, le=2**53)] | None = None
    high: Annotated[int, Field(ge=0, le=2**53)] | None = None
    condition: Annotated[str, Field(pattern=_CONDITIONS)] = ""
    delivery: Annotated[str, Field(pattern=r"^(sent|collected)?$")] = ""
    region: Annotated[str, Field(max_length=60, pattern=r"^[^\x00]*$")] = ""
    sort: Sort = Sort.NEWEST
    friends_first: bool = False
    cursor: Annotated[str, Field(max_length=60)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = browse.PAGE


class ChoiceIn(Input):
    """One variant. Without `id` a new one, or the one with this name; without `price_minor` at the item's."""

    name: _Text = ""
    stock: _Whole = 1
    price_minor: _Whole | None = None
    id: UUID | None = None


class DeliveryIn(Input):
    kind: Delivery
    price_minor: _Whole = 0
    days: _Whole = 5


class ItemIn(Input):
    """All that an item says; what is left out is empty. `version` is the one that was read, so that no
    newer one is changed; `currency` is refused unless it is the market's.
    """

    title: _Text = ""
    description: _Text = ""
    condition: _Text = ""
    category: _Text = ""
    price_minor: _Whole | None = None
    currency: _Text = ""
    region: _Text = ""
    choices: list[ChoiceIn] = Field(default_factory=lambda: [ChoiceIn()], max_length=30)
    deliveries: list[DeliveryIn] = Field(default_factory=list, max_length=10)
    version: _Whole | None = None


class ItemStepIn(Input):
    step: Annotated[StrictStr, Field(pattern=r"^(publish|pause|resume|end|relist)$")]


class TermsIn(Input):
    """`bundle_from` is from how many things on they are `bundle_percent` cheaper; 0 is never."""

    takes_offers: StrictBool = True
    least_percent: _Whole = 60
    bundle_from: _Whole = 0
    bundle_percent: _Whole = 0


class LikeIn(Input):
    favourite: StrictBool


class SearchIn(Input):
    """A search to keep: what is left out wants nothing, as in the list of items."""

    name: _Text
    q: Annotated[StrictStr, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    category: Annotated[StrictStr, Field(max_length=40, pattern=r"^[^\x00]*$")] = ""
    low: Annotated[StrictInt, Field(ge=0, le=2**53)] | None = None
    high: Annotated[StrictInt, Field(ge=0, le=2**53)] | None = None
    conditions: Annotated[list[Condition], Field(max_length=len(Condition))] = Field(default_factory=list)
    delivery: Annotated[StrictStr, Field(pattern=r"^(sent|collected)?$")] = ""
    region: Annotated[StrictStr, Field(max_length=60, pattern=r"^[^\x00]*$")] = ""
    sort: Sort = Sort.NEWEST
    friends_first: StrictBool = False
    alerts: StrictBool = True


class SearchChangeIn(Input):
    """What is left out stays."""

    name: _Text | None = None
    alerts: StrictBool | None = None


def _picture(media_id: UUID | None) -> str | None:
    return f"/market/pictures/{media_id}" if media_id else None


def _seller(seller: "User | Seller", standing: Standing | None) -> dict[str, Any]:
    return {
        "id": str(seller.id),
        "handle": seller.handle,
        "is_verified": seller.is_verified,
        "rating": {"average": standing.average, "count": standing.count} if standing else None,
    }


def _card(card: Card) -> dict[str, Any]:
    """What every list shows of an item."""
    item, seller = card.item, card.item.seller
    return {
        "id": str(item.id),
        "title": item.title,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "condition": item.condition or None,
        "region": item.region,
        "state": card.state.value,
        "picture": _picture(item.small_id),
        "seller": _seller(seller, seller.standing),
        "is_own": card.is_own,
        "is_favourite": card.is_favourite,
    }


def _whole(listing: Listing) -> dict[str, Any]:
    """An item with everything that hangs on it."""
    item, seller = listing.item, listing.item.seller
    return {
        "id": str(item.pk),
        "version": item.version,
        "title": item.title,
        "description": item.description,
        "condition": item.condition or None,
        "category": item.category.slug if item.category else None,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "region": item.region,
        "state": listing.state.value,
        "staff_reason": (item.staff_reason or None) if listing.is_own else None,
        "address": address_of(item.pk, item.title),
        "seller": _seller(seller, listing.standing),
        "is_own": listing.is_own,
        "is_favourite": listing.is_favourite,
        "choices": [
            {"id": str(each.id), "name": each.name, "price_minor": each.price_minor,
             "stock": each.stock if listing.is_own else each.available, "available": each.available}
            for each in listing.choices
        ],
        "deliveries": [
            {"kind": way.kind.value, "price_minor": way.price_minor, "days": way.days} for way in listing.ways
        ],
        "pictures": [
            {"id": str(image.pk), "large": _picture(image.media_id), "small": _picture(image.small_id),
             "width": image.width, "height": image.height, "alt": image.alt}
            for image in listing.images
        ],
        "terms": asdict(listing.terms),
    }  # fmt: skip


def _branch(branch: Branch) -> dict[str, Any]:
    below = {"categories": [_branch(each) for each in branch.branches]} if branch.parent is None else {}
    return {"slug": branch.slug, "name": branch.name} | below


def _search(saved: Saved) -> dict[str, Any]:
    wanted = saved.wanted
    return {
        "id": str(saved.id),
        "name": saved.name,
        "alerts": saved.alerts,
        "new": saved.fresh,
        "address": saved.address,
        "q": wanted.text,
        "category": wanted.category or None,
        "low": wanted.low,
        "high": wanted.high,
        "conditions": list(wanted.conditions),
        "delivery": wanted.delivery or None,
        "region": wanted.region,
        "sort": wanted.sort.value,
        "friends_first": wanted.friends_first,
    }


@router.get("/market/categories")
@browsing_member
def list_categories(request: HttpRequest) -> HttpResponse:
    """The tree of categories, two levels deep."""
    return json_response({"items": [_branch(each) for each in browse.tree()], "next": None})


@router.get("/market/items")
@browsing_member
def list_items(request: HttpRequest, query: Query[ItemsQuery]) -> HttpResponse:
    """What is on the market and fits."""
    if query.q:
        limits.check("search.member", str(member_id_of(request)))
    wanted = Wanted(
        text=query.q,
        category=query.category,
        low=query.low,
        high=query.high,
        conditions=tuple(each for each in query.condition.split(",") if each),
        delivery=query.delivery,
        region=query.region,
        sort=query.sort,
        friends_first=query.friends_first,
    )
    page = browse.card_page(
        member_id_of(request), wanted, browse.tree(), after=query.cursor, limit=query.limit
    )
    return json_response({"items": [_card(each) for each in page.items], "next": page.next or None})


@router.get("/market/own-items")
def list_own_items(request: HttpRequest) -> HttpResponse:
    """What I draft, offer, paused and sold, what was changed last first; at most 200."""
    found = [_card(each) for each in browse.own_items(member_id_of(request))]
    return json_response({"items": found, "next": None})


@router.get("/market/favourites")
@browsing_member
def list_favourites(request: HttpRequest) -> HttpResponse:
    """What I keep an eye on; at most 100."""
    found = [_card(each) for each in browse.favourites(member_id_of(request))]
    return json_response({"items": found, "next": None})


@router.get("/market/items/{uuid:item_id}")
@browsing_member
def get_item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """One item: my own in every state, others' while they are offered or sold."""
    member_id = member_id_of(request)
    listing = item_for(member_id, item_id)
    if listing.item.seller_id != member_id:
        interest.viewed(item_id, listing.item.seller_id)
    return json_response(_whole(listing))


@router.put("/market/own-items/{uuid:item_id}")
@verified_required
def put_item(request: HttpRequest, item_id: UUID, body: ItemIn) -> HttpResponse:
    """The item says this from now on; a new UUID of version 7 makes a draft."""
    if body.currency and body.currency != settings.MARKET_CURRENCY:
        raise InvalidInput(f"Prices on this market are in {settings.MARKET_CURRENCY}.")
    details = Details(
        title=body.title.strip(),
        description=body.description.strip(),
        condition=body.condition,
        category=body.category,
        price_minor=body.price_minor,
        region=body.region.strip(),
        pieces=tuple(
            Piece(each.name.strip(), each.stock, each.price_minor, each.id) for each in body.choices
        ),
        deliveries=tuple((each.kind, each.price_minor, each.days) for each in body.deliveries),
    )
    services.save_item(
        seller_id=member_id_of(request), item_id=item_id, details=details, version=body.version
    )
    return json_response(_whole(own_item(member_id_of(request), item_id)))


@router.delete("/market/own-items/{uuid:item_id}")
@verified_required
def delete_item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """My draft is gone, with its pictures."""
    services.delete_draft(seller_id=member_id_of(request), item_id=item_id)
    return HttpResponse(status=204)


@router.post("/market/own-items/{uuid:item_id}/step")
@verified_required
def step_item(request: HttpRequest, item_id: UUID, body: ItemStepIn) -> HttpResponse:
    """`publish`, `pause`, `resume`, `end` or `relist` my item."""
    services.take_step(seller_id=member_id_of(request), item_id=item_id, step=Step(body.step))
    return json_response(_whole(own_item(member_id_of(request), item_id)))


@router.get("/market/terms")
@verified_required
def get_terms(request: HttpRequest) -> HttpResponse:
    """What I offer besides prices: whether I hear offers, and what several things together cost."""
    return json_response(asdict(terms_of([member_id_of(request)])[member_id_of(request)]))


@router.put("/market/terms")
@verified_required
def put_terms(request: HttpRequest, body: TermsIn) -> HttpResponse:
    """These are my terms from now on."""
    services.set_terms(seller_id=member_id_of(request), terms=Terms(**body.model_dump()))
    return json_response(body.model_dump())


@router.put("/market/items/{uuid:item_id}/favourite")
@browsing_member
def set_favourite(request: HttpRequest, item_id: UUID, body: LikeIn) -> HttpResponse:
    """Whether I keep an eye on the item."""
    act = services.like if body.favourite else services.unlike
    act(member_id=member_id_of(request), item_id=item_id)
    return HttpResponse(status=204)


@router.post("/market/own-items/{uuid:item_id}/pictures")
@verified_required
def add_item_picture(
    request: HttpRequest, item_id: UUID, picture: File[UploadedFile | None] = None
) -> HttpResponse:
    """One more picture of my item, as a form with one file."""
    # A form without the file is refused like an empty one, after it is clear who may send it.
    services.add_picture(
        seller_id=member_id_of(request), item_id=item_id, data=picture.read() if picture else b""
    )
    return json_response(_whole(own_item(member_id_of(request), item_id)))


@router.delete("/market/own-items/{uuid:item_id}/pictures/{uuid:image_id}")
@verified_required
def remove_item_picture(request: HttpRequest, item_id: UUID, image_id: UUID) -> HttpResponse:
    """The picture is gone; a second time nothing happens."""
    services.remove_picture(seller_id=member_id_of(request), item_id=item_id, image_id=image_id)
    return HttpResponse(status=204)


@router.get("/market/searches")
@browsing_member
def list_searches(request: HttpRequest) -> HttpResponse:
    """The searches that I keep, the last one first; `new` is how much they found since I looked."""
    found = [_search(each) for each in saved_searches(member_id_of(request))]
    return json_response({"items": found, "next": None})


@router.post("/market/searches")
@browsing_member
def save_search(request: HttpRequest, body: SearchIn) -> HttpResponse:
    """I keep the search; one that I keep already is returned as it is."""
    wanted = Wanted(
        text=body.q.strip(),
        category=body.category,
        low=body.low,
        high=body.high,
        conditions=tuple(each.value for each in body.conditions),
        delivery=body.delivery,
        region=body.region.strip(),
        sort=body.sort,
        friends_first=body.friends_first,
    )
    me = member_id_of(request)
    kept = services.save_search(member_id=me, name=body.name, wanted=wanted, alerts=body.alerts)
    return json_response(_search(saved_search(me, kept.pk)))


@router.put("/market/searches/{uuid:search_id}")
@browsing_member
def change_search(request: HttpRequest, search_id: UUID, body: SearchChangeIn) -> HttpResponse:
    """My search has another name, or tells me of what fits, or no longer."""
    me = member_id_of(request)
    services.change_search(member_id=me, search_id=search_id, name=body.name, alerts=body.alerts)
    return json_response(_search(saved_search(me, search_id)))


@router.post("/market/searches/{uuid:search_id}/look")
@browsing_member
def look_at_search(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """What my search found counts as seen."""
    services.look_at(member_id=member_id_of(request), search_id=search_id)
    return HttpResponse(status=204)


@router.delete("/market/searches/{uuid:search_id}")
def delete_search(request: HttpRequest, search_id: UUID) -> HttpResponse:
    """My search is gone."""
    services.delete_search(member_id=member_id_of(request), search_id=search_id)
    return HttpResponse(status=204)

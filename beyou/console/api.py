"""The API of staff: what their pages of the market do. For everybody else there is no such thing."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictInt, StrictStr

from beyou.console import services
from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.marketplace import services as market
from beyou.marketplace.queries.items import Listing
from beyou.marketplace.queries.staff import Bough, staff_item, staff_items, staff_tree
from beyou.users import queries as users
from beyou.users.http import member_id_of, staff_required
from beyou.users.rules import Level, plain_handle

router = Router(tags=["staff"])
_Text = Annotated[StrictStr, Field(max_length=2_000, pattern=r"^[^\x00]*$")]
_Key = Annotated[StrictInt, Field(ge=1, le=2**53)]


class StaffItemsQuery(Input):
    """`q` is a part of a title, or an id; `handle` the seller's."""

    q: Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")] = ""
    handle: Annotated[str, Field(max_length=31, pattern=r"^[^\x00]*$")] = ""
    state: Annotated[str, Field(pattern=r"^(available|sold|inactive_seller|inactive_staff)?$")] = ""
    cursor: UUID | None = None


class SuspensionIn(Input):
    reason: _Text


class CategoryIn(Input):
    name: _Text
    parent: _Key | None = None


class CategoryNameIn(Input):
    name: _Text


class CategoryPlaceIn(Input):
    """`position` counts from 0 among those that hang below `parent`."""

    parent: _Key | None = None
    position: Annotated[StrictInt, Field(ge=0, le=999)] = 0


class CategoryRetiredIn(Input):
    into: _Key


def _line(item: Any) -> dict[str, Any]:
    return {
        "id": str(item.pk),
        "title": item.title,
        "seller": {"id": str(item.seller_id), "handle": item.seller.handle},
        "state": item.state,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "category": item.category.slug if item.category else None,
        "staff_reason": item.staff_reason or None,
    }


def _whole(listing: Listing) -> dict[str, Any]:
    item = listing.item
    stock = {"description": item.description, "stock": listing.stock, "available": listing.available}
    return _line(item) | stock


def _bough(bough: Bough) -> dict[str, Any]:
    return {
        "id": bough.id,
        "slug": bough.slug,
        "name": bough.name,
        "items": bough.items,
        "categories": [_bough(each) for each in bough.branches],
    }


@router.get("/staff/items")
@staff_required(Level.MODERATOR)
def list_items(request: HttpRequest, query: Query[StaffItemsQuery]) -> HttpResponse:
    """What is and was on the market, the newest first, without drafts."""
    handle = plain_handle(query.handle)
    seller_id = users.member_id_of_handle(handle) if handle else None
    if handle and seller_id is None:
        return json_response({"items": [], "next": None})
    page = staff_items(text=query.q, seller_id=seller_id, state=query.state, before=query.cursor)
    return json_response(
        {"items": [_line(item) for item in page.items], "next": str(page.next) if page.next else None}
    )


@router.get("/staff/items/{uuid:item_id}")
@staff_required(Level.MODERATOR)
def get_item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    return json_response(_whole(staff_item(item_id)))


@router.post("/staff/items/{uuid:item_id}/suspend")
@staff_required(Level.MODERATOR)
def suspend_item(request: HttpRequest, item_id: UUID, body: SuspensionIn) -> HttpResponse:
    """Takes the item off the market. The seller reads the reason."""
    services.suspend_item(actor_id=member_id_of(request), item_id=item_id, reason=body.reason)
    return json_response(_whole(staff_item(item_id)))


@router.post("/staff/items/{uuid:item_id}/restore")
@staff_required(Level.MODERATOR)
def restore_item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Gives the item back to its seller, paused."""
    services.restore_item(actor_id=member_id_of(request), item_id=item_id)
    return json_response(_whole(staff_item(item_id)))


@router.get("/staff/categories")
@staff_required(Level.MODERATOR)
def list_categories(request: HttpRequest) -> HttpResponse:
    """The tree, with how many items hang on each category."""
    return _tree()


def _tree() -> HttpResponse:
    return json_response({"items": [_bough(each) for each in staff_tree()], "next": None})


@router.post("/staff/categories")
@staff_required(Level.MODERATOR)
def add_category(request: HttpRequest, body: CategoryIn) -> HttpResponse:
    market.add_category(actor_id=member_id_of(request), name=body.name, parent_id=body.parent)
    return _tree()


@router.patch("/staff/categories/{int:category_id}")
@staff_required(Level.MODERATOR)
def rename_category(request: HttpRequest, category_id: int, body: CategoryNameIn) -> HttpResponse:
    """Another name; the address stays."""
    market.rename_category(actor_id=member_id_of(request), category_id=category_id, name=body.name)
    return _tree()


@router.post("/staff/categories/{int:category_id}/place")
@staff_required(Level.MODERATOR)
def place_category(request: HttpRequest, category_id: int, body: CategoryPlaceIn) -> HttpResponse:
    """Hangs it below another one, or at another place."""
    market.place_category(
        actor_id=member_id_of(request), category_id=category_id, parent_id=body.parent, position=body.position
    )
    return _tree()


@router.post("/staff/categories/{int:category_id}/retire")
@staff_required(Level.MODERATOR)
def retire_category(request: HttpRequest, category_id: int, body: CategoryRetiredIn) -> HttpResponse:
    """The category is gone; its items move to the other one."""
    market.retire_category(actor_id=member_id_of(request), category_id=category_id, into_id=body.into)
    return _tree()

"""The staff pages of what is offered: items that are taken off, and the tree of categories."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console import filters, services
from beyou.console.market_forms import (
    WORDS,
    CategoryForm,
    ItemsForm,
    PlaceForm,
    RenameForm,
    RetireForm,
    SuspendForm,
)
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.marketplace import services as market
from beyou.marketplace.queries.staff import Bough, ItemPage, staff_item, staff_items, staff_tree
from beyou.marketplace.rules import CONDITIONS, SEEN, Condition, State
from beyou.users import queries as users
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level, may_act_on

moderator = staff_required(Level.MODERATOR)


@require_safe
@moderator
def items(request: MemberRequest) -> HttpResponse:
    """What is and was on the market, the newest first; as a part of the page when htmx asks."""
    form = ItemsForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of items.")
    wanted = form.cleaned_data
    seller_id = users.member_id_of_handle(wanted["handle"]) if wanted["handle"] else None
    page = ItemPage([], None)
    if seller_id is not None or not wanted["handle"]:
        page = staff_items(
            text=wanted["q"], seller_id=seller_id, state=wanted["state"], before=wanted["before"]
        )
    next_url = "?" + urlencode(form.carried() | {"before": str(page.next)}) if page.next else ""
    lines = [(row, WORDS[State(row.state)]) for row in page.items]
    context = {"form": form, "lines": lines, "next_url": next_url}
    part = bool(request.headers.get("HX-Request"))
    if not part:
        context["shelf"] = filters.shelf_for(request.member.pk, "items", form.carried())
    template = "console/_item_lines.html" if part else "console/items.html"
    return render(request, template, context)


@require_safe
@moderator
def item(request: MemberRequest, item_id: UUID) -> HttpResponse:
    return _item(request, item_id, SuspendForm())


def _item(request: MemberRequest, item_id: UUID, form: Form) -> HttpResponse:
    listing = staff_item(item_id)
    seller = listing.item.seller
    context = {
        "listing": listing,
        "item": listing.item,
        "condition": CONDITIONS[Condition(listing.item.condition)] if listing.item.condition else "",
        "words": WORDS[State(listing.item.state)],
        "is_seen": State(listing.item.state) in SEEN,
        "is_below": may_act_on(request.member.pk, request.levels, seller.pk, users.levels_of(seller.pk)),
        "form": form,
    }
    return render(request, "console/item.html", context, status=422 if form.errors else 200)


@require_POST
@moderator
def suspend(request: MemberRequest, item_id: UUID) -> HttpResponse:
    form = SuspendForm(request.POST)
    if not form.is_valid():
        return _item(request, item_id, form)
    try:
        services.suspend_item(actor_id=request.member.pk, item_id=item_id, reason=form.cleaned_data["reason"])
    except ApplicationError as error:
        if isinstance(error, NotFound):
            raise
        form.add_error("reason", error.detail)
        return _item(request, item_id, form)
    toast(request, "It is off the market. The seller reads your reason.")
    return redirect("console:item", item_id)


@require_POST
@moderator
def restore(request: MemberRequest, item_id: UUID) -> HttpResponse:
    services.restore_item(actor_id=request.member.pk, item_id=item_id)
    toast(request, "It is its seller's again, who may offer it.")
    return redirect("console:item", item_id)


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def categories(request: MemberRequest) -> HttpResponse:
    """The tree; a POST adds a category."""
    tree = staff_tree()
    form = CategoryForm(tree, request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = form.cleaned_data
        try:
            market.add_category(actor_id=request.member.pk, name=said["name"], parent_id=said["parent"])
        except ApplicationError as error:
            form.add_error("name", error.detail)
        else:
            toast(request, "The category is there.")
            return redirect("console:categories")
    context = {"tree": tree, "form": form}
    return render(request, "console/categories.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def category(request: MemberRequest, category_id: int) -> HttpResponse:
    """One category and what can be done with it; a POST renames it."""
    if request.method != "POST":
        return _category(request, category_id)
    form = RenameForm(request.POST, auto_id="id_rename_%s")
    if form.is_valid():
        act = _taken(form, "name", lambda: market.rename_category(
            actor_id=request.member.pk, category_id=category_id, name=form.cleaned_data["name"]
        ))  # fmt: skip
        if act:
            toast(request, "Renamed.")
            return redirect("console:categories")
    return _category(request, category_id, rename=form)


@require_POST
@moderator
def place(request: MemberRequest, category_id: int) -> HttpResponse:
    form = PlaceForm(staff_tree(), request.POST, auto_id="id_place_%s")
    if form.is_valid():
        said = form.cleaned_data
        act = _taken(form, "parent", lambda: market.place_category(
            actor_id=request.member.pk, category_id=category_id, parent_id=said["parent"],
            position=said["position"] - 1,
        ))  # fmt: skip
        if act:
            toast(request, "It hangs there now.")
            return redirect("console:categories")
    return _category(request, category_id, place=form)


@require_POST
@moderator
def retire(request: MemberRequest, category_id: int) -> HttpResponse:
    form = RetireForm(staff_tree(), category_id, request.POST, auto_id="id_retire_%s")
    if form.is_valid():
        act = _taken(form, "into", lambda: market.retire_category(
            actor_id=request.member.pk, category_id=category_id, into_id=form.cleaned_data["into"]
        ))  # fmt: skip
        if act:
            toast(request, "The category is gone, and its items have moved.")
            return redirect("console:categories")
    return _category(request, category_id, retire=form)


def _taken(form: Form, field: str, act: Any) -> bool:
    """Whether the act was possible; the form says why not."""
    try:
        act()
    except InvalidInput as error:
        form.add_error(field, error.detail)
        return False
    return True


def _category(request: MemberRequest, category_id: int, **sent: Form) -> HttpResponse:
    tree = staff_tree()
    shown, place_of = _found(tree, category_id)
    named, placed = {"name": shown.name}, {"parent": shown.parent_id or "", "position": place_of}
    forms: dict[str, Form] = {
        "rename": RenameForm(initial=named, auto_id="id_rename_%s"),
        "place": PlaceForm(tree, initial=placed, auto_id="id_place_%s"),
        "retire": RetireForm(tree, category_id, auto_id="id_retire_%s"),
    }
    refused = next(iter(sent.values()), None)
    context = {"category": shown, "refused": refused, **{f"{k}_form": v for k, v in (forms | sent).items()}}
    return render(request, "console/category.html", context, status=422 if refused else 200)


def _found(tree: list[Bough], category_id: int) -> tuple[Bough, int]:
    """The category and its place among its neighbours, counted from 1. Raises `NotFound`."""
    for beside in (tree, *(bough.branches for bough in tree)):
        for place_of, bough in enumerate(beside, 1):
            if bough.id == category_id:
                return bough, place_of
    raise NotFound

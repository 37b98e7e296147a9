"""Orders as their buyers and sellers see them."""

from typing import Any

import orjson
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core import clock
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ports import reputation
from beyou.core.toasts import toast
from beyou.orders import queries, rules, services
from beyou.orders.cart_views import is_part
from beyou.orders.forms import PositionForm, ShipForm
from beyou.orders.models import SubOrder
from beyou.orders.rules import Actor, State
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
def orders(request: MemberRequest) -> HttpResponse:
    """What the member bought, the newest first."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of your orders.")
    page = queries.orders_of(request.member.pk, before=form.cleaned_data["before"])
    context = {"page": page, "lines": [queries.order_line(each) for each in page.items]}
    return render(request, "orders/_orders.html" if is_part(request) else "orders/orders.html", context)


@require_safe
@member_required
def order(request: MemberRequest, number: str) -> HttpResponse:
    """One order with its timeline, and what its buyer may do."""
    found = queries.order_of(request.member.pk, number)
    part_ids = [part.pk for part in queries.parts_of(found)]
    duties = reputation.duties(request.member.pk, part_ids)
    context = {
        "order": found,
        "progress": queries.progress_of(found),
        "address": queries.address_of(found),
        "events": queries.timeline(found.pk),
        "sealing": queries.sealing_of(part_ids),
        "parts": [(part, _may(part, Actor.BUYER), duties.get(part.pk)) for part in queries.parts_of(found)],
    }
    return render(request, "orders/_order.html" if is_part(request) else "orders/order.html", context)


def _may(part: SubOrder, actor: Actor) -> dict[str, bool]:
    """The steps by name, for templates."""
    steps = rules.steps_of(State(part.state), actor, now=clock.now(), ship_by=part.ship_by)
    return {step.value: step in steps for step in rules.Step}


@require_POST
@member_required
def confirm(request: MemberRequest, number: str) -> HttpResponse:
    services.confirm(buyer_id=request.member.pk, number=number)
    toast(request, "Thank you. The seller gets the money now.")
    return redirect("orders:order", number=queries.number_of_part(request.member.pk, number))


@require_POST
@member_required
def step_back(request: MemberRequest, number: str) -> HttpResponse:
    """The buyer steps back from a seller who is late."""
    whole = queries.number_of_part(request.member.pk, number)
    services.call_off(member_id=request.member.pk, number=number)
    toast(request, "Called off. Your money is on its way back.")
    return redirect("orders:order", number=whole)


@require_safe
@member_required
def receipt(request: MemberRequest, number: str) -> HttpResponse:
    found = queries.order_of(request.member.pk, number)
    if found.paid_at is None:
        raise NotFound("There is a receipt once it is paid.")
    # Making papers loads what an idle server should not hold.
    from beyou.orders.papers import receipt_pdf

    return _pdf(
        receipt_pdf(found, queries.parts_of(found), queries.address_of(found)), f"receipt-{found.number}.pdf"
    )


@require_safe
@member_required
def sales(request: MemberRequest) -> HttpResponse:
    """What the member sold, the newest first."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of your sales.")
    page = queries.sales_of(request.member.pk, before=form.cleaned_data["before"])
    template = "orders/_sales.html" if is_part(request) else "orders/sales.html"
    return render(request, template, {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def sale(request: MemberRequest, number: str) -> HttpResponse:
    """One sale; a POST says that it was shipped, or corrects how to follow it."""
    part = queries.part_of(request.member.pk, number)
    form = ShipForm(initial={"carrier": part.carrier, "tracking": part.tracking})
    if request.method == "POST":
        form = ShipForm(request.POST)
        if form.is_valid() and _ship(request, form, number):
            toast(request, "The buyer knows that it is on its way.")
            return redirect("orders:sale", number=number)
        part = queries.part_of(request.member.pk, number)
    return _sale_page(request, part, form)


def _ship(request: MemberRequest, form: ShipForm, number: str) -> bool:
    try:
        services.ship(seller_id=request.member.pk, number=number, **form.cleaned_data)
    except ApplicationError as error:
        form.add_error(None, error.detail)
        return False
    return True


def _sale_page(request: MemberRequest, part: SubOrder, form: ShipForm) -> HttpResponse:
    context = {
        "part": part,
        "form": form,
        "may": _may(part, Actor.SELLER),
        "duty": reputation.duties(part.seller_id, [part.pk]).get(part.pk),
        "address": queries.address_for_seller(part),
        "events": queries.timeline(part.order_id, part.pk),
        "sealing": queries.sealing_of([part.pk]),
    }
    template = "orders/_sale.html" if is_part(request) else "orders/sale.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
@member_required
def call_off(request: MemberRequest, number: str) -> HttpResponse:
    """The seller cannot send it; the buyer gets everything back."""
    queries.part_of(request.member.pk, number)
    services.call_off(member_id=request.member.pk, number=number, reason=request.POST.get("reason", ""))
    toast(request, "Called off. The buyer gets the money back.")
    return redirect("orders:sale", number=number)


@require_safe
@member_required
def invoice(request: MemberRequest, number: str) -> HttpResponse:
    from beyou.orders.papers import invoice_pdf

    part = queries.part_of(request.member.pk, number)
    return _pdf(invoice_pdf(part), f"invoice-{part.number}.pdf")


@require_safe
@member_required
def proof(request: MemberRequest, number: str) -> HttpResponse:
    """What the buyer may keep, and show to anybody who has the ledger's key."""
    return _json(queries.bought_receipt(request.member.pk, number), f"proof-{number}.json")


@require_safe
@member_required
def sale_proof(request: MemberRequest, number: str) -> HttpResponse:
    """The same for the seller of one part."""
    return _json(queries.sold_receipt(request.member.pk, number), f"proof-{number}.json")


def _json(value: dict[str, Any], name: str) -> HttpResponse:
    return _file(orjson.dumps(value, option=orjson.OPT_INDENT_2), "application/json", name)


def _pdf(data: bytes, name: str) -> HttpResponse:
    return _file(data, "application/pdf", name)


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response

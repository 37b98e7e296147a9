"""The checkout: one page, one payment. Everything works without scripts."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.toasts import toast
from beyou.offers.errors import OfferOver, VoucherOver
from beyou.orders import cart_views, queries, rules, services
from beyou.orders.cart_views import is_part
from beyou.orders.errors import EmptyCart, ItemsGone, TotalChanged
from beyou.orders.forms import AddressForm, PayForm, StartForm
from beyou.orders.models import Order
from beyou.orders.rules import OrderState
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@verified_required
def checkout(request: MemberRequest) -> HttpResponse:
    """The checkout that the member has begun; a POST chooses the delivery, or pays."""
    if request.method == "POST":
        return _take(request)
    order = queries.open_order(request.member.pk)
    if order is None:
        return redirect("orders:cart")
    saved = queries.address_of(order) or queries.last_address(request.member.pk)
    form = AddressForm(initial=saved or {"name": request.member.name})
    template = "orders/_summary.html" if is_part(request) else "orders/checkout.html"
    return render(request, template, _context(order, form))


def _take(request: MemberRequest) -> HttpResponse:
    which = PayForm(request.POST)
    if not which.is_valid():
        raise InvalidInput("This page was incomplete. Nothing was charged; open your checkout again.")
    number, form = which.cleaned_data["number"], AddressForm(request.POST)
    choices = form.choices(request.POST)
    if request.POST.get("do") != "pay" or not form.is_valid():
        order = services.choose(member_id=request.member.pk, number=number, choices=choices)
        return _chosen(request, order, form)
    try:
        paying = services.pay(
            member_id=request.member.pk,
            number=number,
            choices=choices,
            seen_minor=which.cleaned_data["total"],
        )
    except ApplicationError as error:
        return _refused(request, form, error)
    return _go_on(request, paying)


def _chosen(request: MemberRequest, order: Order, form: AddressForm) -> HttpResponse:
    """The totals as they are now; or, for who wanted to pay, what is missing."""
    shown = queries.open_order(request.member.pk)
    if shown is None or shown.pk != order.pk:
        return redirect("orders:order", number=order.number)
    if is_part(request):
        return render(request, "orders/_summary.html", _context(shown, form))
    if request.POST.get("do") != "pay":
        return redirect("orders:checkout")
    return render(request, "orders/checkout.html", _context(shown, form), status=422)


def _refused(request: MemberRequest, form: AddressForm, error: ApplicationError) -> HttpResponse:
    """The page again, with what was typed and why nothing was charged."""
    order = queries.open_order(request.member.pk)
    if error.status == 404 or order is None:
        raise error
    form.add_error(None, error.detail)
    return render(request, "orders/checkout.html", _context(order, form), status=error.status)


def _go_on(request: MemberRequest, paying: services.Paying) -> HttpResponse:
    if paying.is_paid:
        toast(request, "This order is paid already. Nothing was charged again.")
        return redirect("orders:order", number=paying.number)
    if paying.address.startswith("/") and not paying.address.startswith("//"):
        return redirect(paying.address)
    # The policy of our pages lets forms lead only to ourselves, so a page of ours leads on.
    return render(request, "orders/leave.html", {"address": paying.address, "number": paying.number})


def _context(order: Order, form: AddressForm) -> dict[str, Any]:
    attempt = queries.current_attempt(order) if order.state == OrderState.PAYING else None
    left = services.time_left(order)
    return {
        "order": order,
        "form": form,
        "parts": [(part, queries.ways_of(part)) for part in order.all_parts],  # type: ignore[attr-defined]  # prefetched
        "is_paying": order.state == OrderState.PAYING,
        "pay_address": attempt.address if attempt else "",
        "is_held": bool(left),
        "left_ms": int(left.total_seconds() * 1000),
        "left_minutes": int(left.total_seconds() // 60),
        "can_extend": bool(left) and not order.is_extended and order.state == OrderState.PENDING,
        "failure": rules.failure_words(order.failure) if order.failure else "",
    }


@require_POST
@member_required
@verified_required
def start(request: MemberRequest) -> HttpResponse:
    """Holds what can be bought of the cart; the loser of a race sees at once what is gone."""
    form = StartForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Open your cart again, then go to the checkout.")
    try:
        services.start(
            member_id=request.member.pk,
            currency=form.cleaned_data["currency"],
            seen_minor=form.cleaned_data["total"],
        )
    except (ItemsGone, EmptyCart, TotalChanged, OfferOver, VoucherOver) as error:
        return cart_views.show(request, error=error)
    return redirect("orders:checkout")


@require_POST
@member_required
@verified_required
def extend(request: MemberRequest) -> HttpResponse:
    services.extend(member_id=request.member.pk)
    toast(request, "Held for fifteen minutes more.")
    return redirect("orders:checkout")


@require_POST
@member_required
@verified_required
def stop(request: MemberRequest) -> HttpResponse:
    """Back from the payment without having paid."""
    services.stop(member_id=request.member.pk)
    return redirect("orders:checkout")


@require_POST
@member_required
def cancel(request: MemberRequest, number: str) -> HttpResponse:
    services.cancel(member_id=request.member.pk, number=number)
    toast(request, "Cancelled. Nothing was charged, and your cart is kept.")
    return redirect("orders:cart")


@require_safe
@member_required
def payment(request: MemberRequest, number: str) -> HttpResponse:
    """Where buyers come back to from paying: it waits until the bank has answered, then leads on."""
    order = queries.order_of(request.member.pk, number)
    if order.state == OrderState.PAYING:
        attempt = queries.current_attempt(order)
        context = {"order": order, "pay_address": attempt.address if attempt else ""}
        return render(request, "orders/payment.html", context)
    if order.state == OrderState.PENDING:
        return redirect("orders:checkout")
    return redirect("orders:order", number=number)

"""The cart. Every change answers htmx with the cart as it is then, and a plain form with the page."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.toasts import toast
from beyou.offers import services as offers
from beyou.orders import queries, services
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page."""
    return bool(request.headers.get("HX-Request"))


@require_safe
@member_required
@verified_required
def cart(request: MemberRequest) -> HttpResponse:
    return show(request)


def show(
    request: MemberRequest,
    *,
    error: ApplicationError | None = None,
    about: UUID | None = None,
    typed: str = "",
    code: str = "",
) -> HttpResponse:
    """The cart, and what went wrong with which of its lines, with what was typed there."""
    found = queries.cart_for(request.member.pk)
    missing = [each.line.variant_id for each in found.lines if not each.can_be_bought]
    context: dict[str, Any] = {
        "cart": found,
        "waits": queries.waits_for(request.member.pk, missing) if missing else set(),
        "error": None if code else error,
        "code_error": error if code else None,
        "code": code,
        "about": about,
        "typed": typed,
        "is_reminded": queries.wants_reminder(request.member.pk),
        "has_checkout": queries.open_order_id(request.member.pk) is not None,
    }
    template = "orders/_cart.html" if is_part(request) else "orders/cart.html"
    # htmx draws no other answer with an error into the page.
    status = 200 if error is None else 422 if is_part(request) else error.status
    return render(request, template, context, status=status)


@require_POST
@member_required
@verified_required
def reminder(request: MemberRequest) -> HttpResponse:
    """Whether the member wants to be reminded of what is left in the cart."""
    wanted = request.POST.get("wanted") == "yes"
    services.set_reminder(member_id=request.member.pk, wanted=wanted)
    toast(request, "We remind you once, a day after." if wanted else "We no longer remind you of your cart.")
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def add(request: MemberRequest) -> HttpResponse:
    """From the page of an item: so many more of it are in the cart."""
    try:
        variant_id = UUID(request.POST.get("variant", ""))
    except ValueError:
        raise InvalidInput("Choose what to put into the cart.") from None
    quantity = services.quantity_of(request.POST.get("quantity", "1"))
    line = services.add(member_id=request.member.pk, variant_id=variant_id, quantity=quantity)
    toast(request, f"“{line.title}” is in your cart.")
    return HttpResponse(status=204) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def change(request: MemberRequest, variant_id: UUID) -> HttpResponse:
    # An undone removal carries the quantity in its address.
    typed = request.POST.get("quantity", request.GET.get("quantity", ""))
    try:
        quantity = services.quantity_of(typed)
        services.put(member_id=request.member.pk, variant_id=variant_id, quantity=quantity)
    except ApplicationError as error:
        return show(request, error=error, about=variant_id, typed=typed.replace("\0", "")[:12])
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def remove(request: MemberRequest, variant_id: UUID) -> HttpResponse:
    """The line is gone; for what can still be bought the toast takes it back."""
    quantity = services.remove(member_id=request.member.pk, variant_id=variant_id)
    if quantity:
        undo = f"{reverse('orders:change', args=[variant_id])}?quantity={quantity}"
        toast(request, "Removed from your cart.", undo=undo)
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def accept_prices(request: MemberRequest) -> HttpResponse:
    services.accept_prices(member_id=request.member.pk)
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def wait(request: MemberRequest, variant_id: UUID) -> HttpResponse:
    """The member is told once when the thing is free again."""
    services.wait_for(member_id=request.member.pk, variant_id=variant_id)
    toast(request, "We tell you as soon as it is free.")
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def enter_voucher(request: MemberRequest) -> HttpResponse:
    """A voucher counts in the cart from now on; what is wrong with its code stands where it was typed."""
    code = request.POST.get("code", "").replace("\0", "")[:40]
    try:
        voucher = offers.enter(member_id=request.member.pk, code=code)
    except ApplicationError as error:
        return show(request, error=error, code=code or " ")
    toast(request, f"{voucher.words}: it is in your cart.")
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def remove_voucher(request: MemberRequest, voucher_id: UUID) -> HttpResponse:
    offers.remove(member_id=request.member.pk, voucher_id=voucher_id)
    return show(request) if is_part(request) else redirect("orders:cart")


@require_POST
@member_required
@verified_required
def take_offer(request: MemberRequest, offer_id: UUID) -> HttpResponse:
    """The things of an agreed offer are in the cart, at their price."""
    services.put_offer(member_id=request.member.pk, offer_id=offer_id)
    return redirect("orders:cart")

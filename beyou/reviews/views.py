"""Rating a trade, and what speaks for a seller."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.toasts import toast
from beyou.marketplace.http import browsing_member
from beyou.reviews import queries, services
from beyou.reviews.forms import HistoryForm, RatingForm, ReplyForm
from beyou.reviews.queries import Exchanged
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
@browsing_member
def seller(request: MemberRequest, handle: str) -> HttpResponse:
    """What speaks for a seller; only further ratings when htmx asks for them."""
    form = HistoryForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of ratings.")
    found = queries.seller_for(request.member.pk, handle)
    side, before = form.side, form.cleaned_data["before"]
    page = queries.history(request.member.pk, found.member.pk, side, before=before)
    here = reverse("reviews:seller", args=[handle])
    context: dict[str, Any] = {
        "page": page,
        "seller": found,
        "side": side,
        "totals": found.totals(side),
        "next_url": f"{here}?rated_by={side}&before={page.next}" if page.next else "",
    }
    if request.headers.get("HX-Request") and before:
        return render(request, "reviews/_history.html", context)
    return render(request, "reviews/seller.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def exchange(request: MemberRequest, number: str) -> HttpResponse:
    """The ratings of a part of an order, for its two sides; a POST rates, or changes the rating."""
    found = queries.exchange_for(request.member.pk, number)
    mine = found.mine
    form = RatingForm(initial={"stars": mine.stars, "text": mine.text} if mine else None)
    if request.method == "POST":
        form = RatingForm(request.POST)
        if form.is_valid() and _rate(request, form, number):
            return redirect("reviews:exchange", number=number)
    return _page(request, found, form, ReplyForm(auto_id="id_reply_%s"))


def _rate(request: MemberRequest, form: RatingForm, number: str) -> bool:
    try:
        rating = services.rate(member_id=request.member.pk, number=number, **form.cleaned_data)
    except ApplicationError as error:
        form.add_error(None, error.detail)
        return False
    shown = "You can read each other's rating now." if rating.is_shown else "Nobody else sees it yet."
    toast(request, f"Saved. {shown}")
    return True


def _page(request: MemberRequest, found: Exchanged, form: RatingForm, reply: ReplyForm) -> HttpResponse:
    context = {"found": found, "trade": found.trade, "form": form, "reply_form": reply}
    return render(
        request, "reviews/exchange.html", context, status=422 if form.errors or reply.errors else 200
    )


@require_POST
@member_required
def reply(request: MemberRequest, rating_id: UUID) -> HttpResponse:
    """What the member says to a rating; what was typed is kept when it cannot be said."""
    number = queries.number_of(queries.rating_for(request.member.pk, rating_id))
    found = queries.exchange_for(request.member.pk, number)
    form = ReplyForm(request.POST, auto_id="id_reply_%s")
    if form.is_valid():
        try:
            services.reply(member_id=request.member.pk, rating_id=rating_id, text=form.cleaned_data["text"])
        except ApplicationError as error:
            form.add_error(None, error.detail)
        else:
            toast(request, "Your reply stands below the rating.")
            return redirect("reviews:exchange", number=number)
    mine = found.mine
    rating = RatingForm(initial={"stars": mine.stars, "text": mine.text} if mine else None)
    return _page(request, found, rating, form)


@require_POST
@member_required
def reminders(request: MemberRequest) -> HttpResponse:
    """Whether the member wants to be reminded to rate."""
    wanted = request.POST.get("wanted") == "yes"
    services.set_reminders(member_id=request.member.pk, wanted=wanted)
    toast(request, "We remind you, once for each order." if wanted else "We no longer remind you to rate.")
    return redirect("orders:orders")

"""A seller's vouchers: one page to see and to make them."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from beyou.core.toasts import toast
from beyou.offers import queries, services
from beyou.offers.errors import BadVoucher
from beyou.offers.forms import VoucherForm
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@verified_required
def vouchers(request: MemberRequest) -> HttpResponse:
    """The seller's vouchers with their codes; a POST makes one more."""
    currency = settings.MARKET_CURRENCY
    form = VoucherForm(request.POST if request.method == "POST" else None, currency=currency)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_voucher(seller_id=request.member.pk, currency=currency, **form.wanted())
        except BadVoucher as error:
            for name, words in error.extra["fields"].items():
                form.add_error(name, words)
        else:
            toast(request, f"Your voucher is {queries.code_of(made)}.")
            return redirect("offers:vouchers")
    mine = queries.vouchers_of(request.member.pk)
    found = [(each, queries.code_of(each), queries.problem_of(each)) for each in mine]
    context = {"form": form, "vouchers": found}
    return render(request, "offers/vouchers.html", context, status=422 if form.errors else 200)


@require_POST
@member_required
@verified_required
def end(request: MemberRequest, voucher_id: UUID) -> HttpResponse:
    services.end_voucher(seller_id=request.member.pk, voucher_id=voucher_id)
    toast(request, "Ended. Nobody can use it any more.")
    return redirect("offers:vouchers")

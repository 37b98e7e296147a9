"""The page of a seller's money: balance, what is held, payouts and the statement."""

from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.money import format_money
from beyou.core.ports import options
from beyou.core.tables import csv_lines
from beyou.core.toasts import toast
from beyou.payments import exports, queries, services
from beyou.payments.forms import PayoutForm, PositionForm
from beyou.users.http import MemberRequest, member_required, recently_authenticated


@require_safe
@member_required
def money(request: MemberRequest) -> HttpResponse:
    """As a part of the page, further payouts, when htmx asks."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in your list of payouts.")
    before = form.cleaned_data["before"]
    if request.headers.get("HX-Request") and before:
        page = queries.payouts_for(request.member.pk, before=before)
        return render(request, "payments/_payouts.html", {"payouts": page})
    return _page(request, None)


@require_POST
@recently_authenticated
def payouts(request: MemberRequest) -> HttpResponse:
    """So much goes to the bank, once for the form."""
    form = PayoutForm(request.POST, auto_id=f"id_{request.POST.get('currency', '')[:3]}_%s")
    if not form.is_valid() or not _ask(request, form):
        return _page(request, form)
    shown = format_money(form.cleaned_data["amount_minor"], form.cleaned_data["currency"])
    toast(request, f"{shown} is on its way to your bank.")
    return redirect("payments:money")


@never_cache
@require_POST
@recently_authenticated
def account(request: MemberRequest) -> HttpResponse:
    """Leads to the gateway's page by itself and by a link: a redirect after a form may not leave the site."""
    address = services.open_account(seller_id=request.member.pk)
    provider = queries.way_out(request.member.pk).provider
    return render(request, "payments/to_account.html", {"address": address, "provider": provider})


@require_safe
@member_required
def account_back(request: MemberRequest) -> HttpResponse:
    """The seller comes back: whether their account is ready is asked of the gateway."""
    if services.look_at_account(seller_id=request.member.pk):
        toast(request, "Your account is ready. Your money can go to your bank.")
    return redirect("payments:money")


def _ask(request: MemberRequest, form: PayoutForm) -> bool:
    """Whether the payout was taken; the form says why not."""
    wish = form.cleaned_data
    try:
        services.request_payout(
            seller_id=request.member.pk,
            currency=wish["currency"],
            amount_minor=wish["amount_minor"],
            idempotency_key=str(wish["id"]),
        )
    except ApplicationError as error:
        form.add_error("amount", f"{error.title}. {error.detail}")
        return False
    return True


def _page(request: MemberRequest, sent: PayoutForm | None) -> HttpResponse:
    member_id = request.member.pk
    rows = []
    for balance in queries.balance_for(member_id):
        is_sent = sent is not None and sent.data.get("currency") == balance.currency
        form = sent if is_sent else PayoutForm.for_balance(balance.available_minor, balance.currency)
        rows.append((balance, form))
    context = {
        "balances": rows,
        "held": queries.held_for(member_id),
        "payouts": queries.payouts_for(member_id),
        "commission": f"{options.number('market_commission') / 100:g}",
        "form": sent,
        "out": queries.way_out(member_id),
    }
    return render(request, "payments/money.html", context, status=422 if sent is not None else 200)


@require_safe
@member_required
def statement(request: MemberRequest) -> HttpResponse:
    """Every change of the balance as a file for spreadsheets."""
    stream = StreamingHttpResponse(
        csv_lines(exports.HEADER, exports.statement_rows(request.member.pk)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="beyou-statement.csv"'},
    )
    return cast(HttpResponse, stream)

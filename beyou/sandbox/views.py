"""The bank's page: choosing a card, confirming, calling it off. Works without scripts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from beyou.sandbox import queries
from beyou.sandbox.forms import CardForm
from beyou.sandbox.rules import Card
from beyou.sandbox.services import bank, counter


@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, reference: str) -> HttpResponse:
    """The cards, or where the payer goes on."""
    charge = queries.charge_of(reference)
    form = CardForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        charge = counter.pay(reference=reference, card=Card(form.cleaned_data["card"]))
    elif request.method == "POST" or (queries.is_open(charge) and not charge.needs_confirmation):
        context = {"charge": charge, "form": form, "choices": queries.CHOICES}
        return render(request, "sandbox/pay.html", context, status=422 if request.method == "POST" else 200)
    if charge.needs_confirmation:
        return redirect("sandbox:confirm", reference=reference)
    return redirect(charge.return_path)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks whether it is the payer, as banks do (3-D Secure)."""
    charge = queries.charge_of(reference)
    if request.method == "POST":
        charge = counter.confirm(reference=reference, is_granted=request.POST.get("answer") == "yes")
    if charge.needs_confirmation:
        return render(request, "sandbox/confirm.html", {"charge": charge})
    return redirect("sandbox:pay", reference=reference)


@require_POST
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """The payer does not want to pay after all."""
    charge = queries.charge_of(reference)
    bank.cancel(reference)
    return redirect(charge.return_path)

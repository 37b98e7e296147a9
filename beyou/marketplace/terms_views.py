"""What a seller offers besides prices: one page with one form."""

from dataclasses import asdict

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from beyou.core.toasts import toast
from beyou.marketplace import services
from beyou.marketplace.errors import InvalidItem
from beyou.marketplace.forms import TermsForm
from beyou.marketplace.queries import terms_of
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@verified_required
def terms(request: MemberRequest) -> HttpResponse:
    """The seller's terms; a POST sets them, and comes back with what is wrong."""
    me = request.member.pk
    if request.method != "POST":
        begin = {name: value or None for name, value in asdict(terms_of([me])[me]).items()}
        return render(request, "marketplace/terms.html", {"form": TermsForm(initial=begin)})
    form = TermsForm(request.POST)
    if form.is_valid():
        try:
            services.set_terms(seller_id=me, terms=form.terms())
        except InvalidItem as error:
            for name, words in error.extra["fields"].items():
                form.add_error(name, words)
        else:
            toast(request, "Saved. It counts from now on.")
            return redirect("market:terms")
    return render(request, "marketplace/terms.html", {"form": form}, status=422)

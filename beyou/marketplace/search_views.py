"""Keeping searches of the market."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.marketplace import services
from beyou.marketplace.addresses import address_of_search
from beyou.marketplace.forms import SearchForm
from beyou.marketplace.http import browsing_member
from beyou.marketplace.queries.searches import saved_searches
from beyou.marketplace.wanted import unpacked
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
@browsing_member
def searches(request: MemberRequest) -> HttpResponse:
    return render(request, "marketplace/searches.html", {"searches": saved_searches(request.member.pk)})


@require_POST
@member_required
@browsing_member
def save(request: MemberRequest) -> HttpResponse:
    """Keeps the search and goes back to what it shows."""
    form = SearchForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("This search is too long to be kept. Use fewer words.")
    wanted = form.wanted()
    kept = services.save_search(member_id=request.member.pk, name=form.cleaned_data["name"], wanted=wanted)
    toast(request, f"Saved as “{kept.name}”. You hear of it when something new fits.")
    return redirect(address_of_search(wanted))


@require_POST
@member_required
@browsing_member
def open_search(request: MemberRequest, search_id: UUID) -> HttpResponse:
    """What it found counts as seen; goes to what it shows."""
    kept = services.look_at(member_id=request.member.pk, search_id=search_id)
    return redirect(address_of_search(unpacked(kept.wanted)))


@require_POST
@member_required
def rename(request: MemberRequest, search_id: UUID) -> HttpResponse:
    services.change_search(
        member_id=request.member.pk, search_id=search_id, name=request.POST.get("name", "")
    )
    toast(request, "The search has its new name.")
    return redirect("market:searches")


@require_POST
@member_required
def alert(request: MemberRequest, search_id: UUID) -> HttpResponse:
    """Tells of what fits from now on, with `on`, or no longer."""
    is_on = bool(request.POST.get("on"))
    services.change_search(member_id=request.member.pk, search_id=search_id, alerts=is_on)
    toast(request, "You hear of what fits from now on." if is_on else "You hear of nothing new any more.")
    return redirect("market:searches")


@require_POST
@member_required
def delete(request: MemberRequest, search_id: UUID) -> HttpResponse:
    services.delete_search(member_id=request.member.pk, search_id=search_id)
    toast(request, "The search is deleted.")
    return redirect("market:searches")

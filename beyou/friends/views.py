"""Friends, requests, search and profiles."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core import limits
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.friends import queries, services
from beyou.friends.forms import PositionForm, SearchForm, StepForm
from beyou.friends.rules import Relation, Step
from beyou.media.http import media_response
from beyou.media.queries import media_file
from beyou.users.http import MemberRequest, member_required
from beyou.verification.http import verified_required

DONE = {
    Step.REQUEST: "Asked. You see it here when {name} answers.",
    Step.ACCEPT: "You and {name} are friends now.",
    Step.DECLINE: "Declined. {name} is not told.",
    Step.CANCEL: "Taken back.",
    Step.UNFRIEND: "You and {name} are no longer friends.",
}


@require_safe
@member_required
def friends(request: MemberRequest) -> HttpResponse:
    """Friends and open requests; as a part of the page when htmx asks."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in your list of friends.")
    page = queries.friend_page(request.member.pk, after=form.cleaned_data["after"])
    if request.headers.get("HX-Request") and form.cleaned_data["after"]:
        return render(request, "friends/_friends.html", {"page": page})
    context = {
        "page": page,
        "requests": queries.requests_to(request.member.pk),
        "asked": queries.requests_by(request.member.pk),
    }
    part = bool(request.headers.get("HX-Request"))
    return render(request, "friends/_overview.html" if part else "friends/friends.html", context)


@require_safe
@member_required
def search(request: MemberRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("Search for at most 60 characters.")
    limits.check("search.member", str(request.member.pk))
    text = form.cleaned_data["q"]
    context: dict[str, Any] = {"q": text, "found": queries.find_members(request.member.pk, text)}
    part = bool(request.headers.get("HX-Request"))
    return render(request, "friends/_found.html" if part else "friends/search.html", context)


@require_safe
@member_required
@verified_required
def verified_members(request: MemberRequest) -> HttpResponse:
    """Who has shown the staff who they are, and wants to be found by everybody."""
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is not a place in the list of verified members.")
    page = queries.verified_page(request.member.pk, after=form.cleaned_data["after"])
    part = bool(request.headers.get("HX-Request"))
    return render(request, "friends/_verified.html" if part else "friends/verified.html", {"page": page})


@require_safe
@member_required
def profile(request: MemberRequest, handle: str) -> HttpResponse:
    person = queries.profile_for(request.member.pk, handle)
    context = {"person": person, "contact": queries.contact_for(person)}
    return render(request, "friends/profile.html", context)


@require_safe
@member_required
def picture(request: MemberRequest, media_id: UUID) -> HttpResponse:
    """The picture of somebody whom the member may see."""
    queries.check_picture(request.member.pk, media_id)
    return media_response(media_file(media_id))


@require_POST
@member_required
def step(request: MemberRequest, handle: str) -> HttpResponse:
    """Takes a step towards or away from a friendship; answers htmx with the new buttons."""
    form = StepForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("There is no such step.")
    person = queries.profile_for(request.member.pk, handle)
    taken = Step(form.cleaned_data["step"])
    relation = services.take(member_id=request.member.pk, other_id=person.member.pk, step=taken)
    word = Step.ACCEPT if taken is Step.REQUEST and relation is Relation.FRIEND else taken
    toast(request, DONE[word].format(name=person.member.name))
    if request.headers.get("HX-Request"):
        person = queries.Acquaintance(person.member, relation, may_ask=relation is Relation.NONE)
        return render(request, "friends/_actions.html", {"person": person})
    return redirect("friends:profile", handle=person.member.handle)

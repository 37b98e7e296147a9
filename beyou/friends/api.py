"""The API of friends and member search."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field, StrictStr

from beyou.core import limits
from beyou.core.http import json_response
from beyou.core.schemas import Input
from beyou.core.templatetags.beyou import picture_url
from beyou.friends import queries, services
from beyou.friends.queries import Acquaintance
from beyou.friends.rules import Relation, Step
from beyou.users.http import member_id_of
from beyou.verification.http import verified_required

router = Router(tags=["friends"])


class FriendsQuery(Input):
    cursor: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,30}$")] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = queries.PAGE


class SearchQuery(Input):
    q: Annotated[StrictStr, Field(max_length=60, pattern=r"^[^\x00]*$")]


class StepIn(Input):
    step: Step


def _person(person: Acquaintance) -> dict[str, Any]:
    """What every list shows of a member. `picture` is an address of ours or null."""
    member = person.member
    return {
        "id": str(member.pk),
        "handle": member.handle,
        "name": member.name,
        "picture": picture_url(member),
        "is_verified": member.is_verified,
        "relation": person.relation.value,
        "may_ask": person.may_ask,
    }


def _profile(person: Acquaintance) -> dict[str, Any]:
    """What a profile adds. `email` and `phone` are null unless they may be read."""
    contact = queries.contact_for(person)
    return _person(person) | {
        "bio": person.member.bio,
        "accent": person.member.accent,
        "email": contact.email or None,
        "phone": contact.phone or None,
    }


@router.get("/friends")
def list_friends(request: HttpRequest, query: Query[FriendsQuery]) -> HttpResponse:
    """Friends by handle."""
    page = queries.friend_page(member_id_of(request), after=query.cursor, limit=query.limit)
    return json_response({"items": [_person(each) for each in page.items], "next": page.next or None})


@router.get("/friends/requests")
def list_requests(request: HttpRequest) -> HttpResponse:
    """Who asked me (`asks`), and whom I asked (`asked`)."""
    people = queries.requests_to(member_id_of(request)) + queries.requests_by(member_id_of(request))
    return json_response({"items": [_person(each) for each in people], "next": None})


@router.get("/verified-members")
@verified_required
def list_verified(request: HttpRequest, query: Query[FriendsQuery]) -> HttpResponse:
    """Verified members by handle, for verified members; others get `verification_required`."""
    page = queries.verified_page(member_id_of(request), after=query.cursor, limit=query.limit)
    return json_response({"items": [_person(each) for each in page.items], "next": page.next or None})


@router.get("/members")
def search_members(request: HttpRequest, query: Query[SearchQuery]) -> HttpResponse:
    """Members by handle or name, at most twenty; never by e-mail address."""
    limits.check("search.member", str(member_id_of(request)))
    return json_response(
        {"items": [_person(each) for each in queries.find_members(member_id_of(request), query.q)]}
    )


@router.get("/members/{slug:handle}")
def get_member(request: HttpRequest, handle: str) -> HttpResponse:
    """The profile, with the contact data that its owner shows to me."""
    return json_response(_profile(queries.profile_for(member_id_of(request), handle)))


@router.post("/members/{slug:handle}/friendship")
def take_step(request: HttpRequest, handle: str, body: StepIn) -> HttpResponse:
    """`request`, `accept`, `decline`, `cancel` or `unfriend`; the answer says how the two stand now."""
    person = queries.profile_for(member_id_of(request), handle)
    relation = services.take(member_id=member_id_of(request), other_id=person.member.pk, step=body.step)
    return json_response(_person(Acquaintance(person.member, relation, may_ask=relation is Relation.NONE)))

"""The staff's list of members and the page of one: private data stays hidden until somebody says why."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.users import security_log
from beyou.users.models import MemberSession, User
from beyou.users.phones import set_phone
from beyou.users.rules import Level
from beyou.verification import services as verification
from tests.factories import members
from tests.factories.documents import request_of
from tests.factories.members import client_of, staff

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}/members"
PHONE = "+491701234567"


@pytest.fixture
def alice() -> User:
    alice = members.alice()
    set_phone(member_id=alice.pk, phone=PHONE)
    alice.refresh_from_db()
    return alice


@pytest.fixture
def moderator() -> Client:
    return client_of(staff(Level.MODERATOR, handle="mo"))


def shown(client: Client, path: str = "", **asked: Any) -> str:
    response = client.get(HOME + path, asked)
    assert response.status_code == 200
    return response.content.decode()


def test_members_are_found_by_handle_name_whole_address_and_id(alice: User, moderator: Client) -> None:
    bob = members.bob()
    for text in ("ali", "@ali", "ALI", "Ash", "alice@example.org", str(alice.pk)):
        page = shown(moderator, q=text)
        assert "@alice" in page, text
        assert f"@{bob.handle}" not in page
    # A part of an address finds nobody: addresses cannot be guessed letter by letter.
    for text in ("example.org", "alice@", "lice@example.org", "%", "_", "' OR 1=1 --", "<script>"):
        page = shown(moderator, q=text)
        assert "@alice ·" not in page, text
        assert "Nobody fits" in page


@pytest.mark.parametrize(
    ("standing", "handles"),
    [("staff", {"mo"}), ("verified", {"vera"}), ("closed", {"carl"}), ("leaving", set()), ("erased", set())],
)
def test_the_list_is_narrowed_by_standing(moderator: Client, standing: str, handles: set[str]) -> None:
    verified, closed = members.member("vera"), members.member("carl")
    User.objects.filter(pk=verified.pk).update(verified_at=clock.now())
    User.objects.filter(pk=closed.pk).update(is_active=False)
    page = shown(moderator, standing=standing)
    assert {handle for handle in ("mo", "vera", "carl") if f"@{handle} ·" in page} == handles


@pytest.mark.parametrize(
    "asked", [{"standing": "loud"}, {"before": "x"}, {"q": "x" * 255}, {"q": "a\0b"}, {"before": "1" * 400}]
)
def test_places_that_are_none_are_refused(moderator: Client, asked: dict[str, str]) -> None:
    assert moderator.get(HOME, asked).status_code == 422


def test_the_list_costs_the_same_for_two_and_for_sixty(moderator: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            shown(moderator)
        return len(caught)

    members.members(2)
    cost()
    few = cost()
    members.members(60, prefix="more")
    assert cost() == few
    assert "before=" in shown(moderator)


def test_private_data_is_hidden_until_somebody_says_why(alice: User, moderator: Client) -> None:
    page = shown(moderator, f"/{alice.pk}")
    assert alice.email not in page
    assert PHONE not in page
    for why in ("", "    ", "x", "x" * 201, "a\0bcdef"):
        refused = moderator.post(f"{HOME}/{alice.pk}/show", {"why": why})
        assert refused.status_code == 422
        assert alice.email not in refused.content.decode()
    assert not AuditRecord.objects.filter(act="member.contact_viewed").exists()

    answer = moderator.post(f"{HOME}/{alice.pk}/show", {"why": "She lost her phone."})
    page = answer.content.decode()
    assert alice.email in page
    assert PHONE in page
    assert "no-store" in answer["Cache-Control"]
    record = AuditRecord.objects.get(act="member.contact_viewed")
    assert (record.subject_id, record.detail) == (alice.pk, {"why": "She lost her phone."})
    # The next look needs a reason of its own.
    assert alice.email not in shown(moderator, f"/{alice.pk}")


def test_the_member_learns_of_the_look_after_thirty_days(alice: User, moderator: Client) -> None:
    moderator.post(f"{HOME}/{alice.pk}/show", {"why": "She lost her phone."})
    told = [entry.text for entry in security_log.log_page(alice.pk).items]
    assert not any("private data" in text for text in told)
    clock.shift(30 * 86_400_000 + 1000)
    (entry,) = [each for each in security_log.log_page(alice.pk).items if each.kind == "staff_look"]
    assert "(member contact)" in entry.text


def test_all_sessions_of_a_member_end_at_once(alice: User, moderator: Client) -> None:
    one, two, bob = client_of(alice), client_of(alice), client_of(members.bob())
    assert moderator.post(f"{HOME}/{alice.pk}/end-sessions", {"why": "no"}).status_code == 422
    assert one.get("/home").status_code == 200
    answer = moderator.post(f"{HOME}/{alice.pk}/end-sessions", {"why": "Her laptop was stolen."}, follow=True)
    assert "Nowhere." in answer.content.decode()
    assert one.get("/home").status_code == two.get("/home").status_code == 302
    assert bob.get("/home").status_code == 200
    assert not MemberSession.objects.filter(member=alice, ended_at=None).exists()
    assert AuditRecord.objects.get(act="member.sessions_ended").detail["ended"] == 2


def test_nobody_acts_on_themselves_on_equals_or_upwards(moderator: Client) -> None:
    me = User.objects.get(handle="mo")
    for person in (me, staff(Level.VERIFIER, handle="vi"), staff(handle="olga")):
        assert "Nobody looks at private data" in shown(moderator, f"/{person.pk}")
        for step in ("show", "end-sessions"):
            answer = moderator.post(f"{HOME}/{person.pk}/{step}", {"why": "I would like to."})
            assert answer.status_code == 404, person.handle
    assert not AuditRecord.objects.filter(act__startswith="member.").exists()


@pytest.mark.parametrize("level", [Level.VERIFIER, Level.FINANCE, Level.AUDITOR])
def test_other_levels_find_no_such_page(alice: User, level: Level) -> None:
    client = client_of(staff(level))
    assert client.get(HOME).status_code == client.get(f"{HOME}/{alice.pk}").status_code == 404
    assert client.post(f"{HOME}/{alice.pk}/show", {"why": "I would like to."}).status_code == 404


def test_who_is_missing_or_gone(alice: User, moderator: Client) -> None:
    assert moderator.get(f"{HOME}/{uuid7()}").status_code == 404
    assert moderator.post(f"{HOME}/{uuid7()}/show", {"why": "Who is it?"}).status_code == 404
    User.objects.filter(pk=alice.pk).update(erased_at=clock.now(), is_active=False)
    page = shown(moderator, f"/{alice.pk}")
    assert "Erased" in page
    assert "Private data" not in page


def test_the_page_tells_of_decisions_and_acts_in_a_fixed_number_of_statements(
    alice: User, moderator: Client
) -> None:
    vera = staff(Level.VERIFIER, handle="vera")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            shown(moderator, f"/{alice.pk}")
        return len(caught)

    moderator.post(f"{HOME}/{alice.pk}/show", {"why": "Once upon a time."})
    few = cost()
    request = request_of(alice)
    verification.claim(request_id=request.pk, reviewer_id=vera.pk)
    verification.approve(request_id=request.pk, reviewer_id=vera.pk)
    for number in range(20):
        moderator.post(f"{HOME}/{alice.pk}/show", {"why": f"Reason number {number}"})
    assert cost() == few
    page = shown(moderator, f"/{alice.pk}")
    assert "approved" in page
    assert "Reason number 19" in page


def test_hostile_names_stay_words(moderator: Client) -> None:
    name = "<img src=x onerror=alert(1)>"
    person = members.member("hostile", name=name)
    for path in ("", f"/{person.pk}"):
        page = shown(moderator, path)
        assert name not in page
        assert "&lt;img src=x" in page

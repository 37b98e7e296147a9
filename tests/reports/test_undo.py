"""Undoing a decision a moment later: by whoever made it, once, and only while nothing else has happened."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.marketplace import services as selling
from beyou.marketplace.models import Item
from beyou.moderation import services as moderation
from beyou.moderation.models import DecisionRecord, Sanction
from beyou.moderation.rules import Kind, Reason
from beyou.notifications.models import Notification
from beyou.reports import queries, rules, services
from beyou.reports.errors import CaseMoved
from beyou.reports.models import Case, Removal
from beyou.reports.rules import Part, Target
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.services import withdraw_level
from tests.disputes.test_races import race
from tests.factories import market, members
from tests.factories.members import client_of, staff
from tests.orders.world import trader
from tests.reports.test_reports import of_member, report, take

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}/reports"
SUSPENDED: dict[str, Any] = {
    "kind": Kind.SUSPENSION,
    "reason": Reason.HARASSMENT,
    "words": "Leave her alone.",
    "days": 3,
}


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


def decision(case: Case) -> UUID:
    found = Case.objects.get(pk=case.pk).decision_id
    assert found is not None
    return found


def undo(who: User, case: Case) -> services.Undone:
    return services.undo(actor_id=who.pk, decision_id=decision(case))


def dismissed(mo: User, case: Case) -> Case:
    services.dismiss(actor_id=mo.pk, case_id=take(mo, case).pk, answer="Nothing.")
    case.refresh_from_db()
    return case


def suspended(mo: User, case: Case, **said: Any) -> Case:
    services.sanction(actor_id=mo.pk, case_id=take(mo, case).pk, **(SUSPENDED | said))
    case.refresh_from_db()
    return case


def test_what_was_decided_is_undone_on_the_page_once(alice: User, bob: User, mo: User) -> None:
    client, case = client_of(mo), of_member(alice, bob)
    assert "You can undo it" not in client.get(HOME).content.decode()
    client.post(f"{HOME}/{case.pk}/hold")
    client.post(f"{HOME}/{case.pk}/dismiss", {"answer": "Nothing."})
    said = {"decision": str(decision(case))}
    for address in (HOME, f"{HOME}/{case.pk}", f"{HOME}/decided", f"{HOME}/several"):
        page = client.get(address).content.decode()
        assert f'value="{said["decision"]}"' in page, address
        assert page.count('data-key="z"') == 1, address
    vi = client_of(staff(Level.MODERATOR, handle="vi"))
    assert "You can undo it" not in vi.get(HOME).content.decode()
    assert vi.post(f"{HOME}/undo", said).status_code == 409, "another one of the staff"
    done = client.post(f"{HOME}/undo", said)
    assert done["Location"] == f"{HOME}/{case.pk}"
    assert "Undone. It is open again" in client.get(done["Location"]).content.decode()
    case.refresh_from_db()
    assert (case.state, case.outcome, queries.answer_of(case), case.held_by_id) == (
        *("investigating", "", ""),
        mo.pk,
    )
    again = client.post(f"{HOME}/undo", said)
    assert (again.status_code, "It is undone already" in again.content.decode()) == (409, True)
    events.drain()
    told = Notification.objects.filter(member=alice).values_list("kind", flat=True)
    assert set(told) == {"report_answered", "report_reopened"}, "what was told is not unsaid"
    acts = AuditRecord.objects.filter(subject_id=bob.pk).order_by("id").values_list("act", flat=True)
    assert [act for act in acts if act != "case.viewed"] == ["case.held", "case.dismissed", "case.undone"]
    for wrong in ({}, {"decision": "x"}):
        assert client.post(f"{HOME}/undo", wrong).status_code == 422
    assert client.post(f"{HOME}/undo", {"decision": str(uuid4())}).status_code == 409


def test_a_tab_of_the_first_decision_does_not_undo_the_second(alice: User, bob: User, mo: User) -> None:
    case = dismissed(mo, of_member(alice, bob))
    first = decision(case)
    undo(mo, case)
    services.settle(actor_id=mo.pk, case_id=case.pk)
    with pytest.raises(CaseMoved):
        services.undo(actor_id=mo.pk, decision_id=first)
    assert Case.objects.get().outcome == "settled"


def test_a_suspension_is_lifted_by_a_new_record_and_the_member_is_told(
    alice: User, bob: User, mo: User
) -> None:
    case = suspended(mo, of_member(alice, bob))
    assert client_of(bob).get("/home")["Location"] == "/decisions"
    undo(mo, case)
    row = Sanction.objects.get()
    assert (row.state, row.lifted_by_id) == ("lifted", mo.pk)
    assert list(DecisionRecord.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    bob.refresh_from_db()
    assert client_of(bob).get("/home").status_code == 200
    case.refresh_from_db()
    assert (case.is_open, case.sanction_id) == (True, None)
    assert AuditRecord.objects.filter(act="member.sanction_lifted", object_id=row.pk).count() == 1
    events.drain()
    assert Notification.objects.filter(member=bob, kind="decision").exists()
    # Decided otherwise, the lifted one stays lifted and is not looked at again.
    services.dismiss(actor_id=mo.pk, case_id=case.pk)
    undo(mo, case)
    assert Sanction.objects.get().state == "lifted"


def test_what_was_taken_away_or_off_the_market_is_back(alice: User, bob: User, mo: User) -> None:
    User.objects.filter(pk=bob.pk).update(bio="Buy my snake oil.")
    case, lamp = take(mo, of_member(alice, bob)), market.item(bob)
    services.remove(
        actor_id=mo.pk, case_id=case.pk, parts=[Part.TEXT], reason=Reason.SPAM, words="No adverts."
    )
    undo(mo, case)
    events.drain()
    bob.refresh_from_db()
    assert (bob.bio, Removal.objects.count()) == ("Buy my snake oil.", 0)
    other = take(mo, report(alice, Target.ITEM, str(lamp.pk)).case)
    services.take_off(actor_id=mo.pk, case_id=other.pk, reason="It is stolen.")
    undo(mo, other)
    lamp.refresh_from_db()
    assert (lamp.state, lamp.staff_reason) == ("inactive_seller", "")


def _put_back(lamp: Item, mo: User, vi: User, case: Case) -> None:
    selling.restore(actor_id=vi.pk, item_id=lamp.pk)


def _taken_off_anew(lamp: Item, mo: User, vi: User, case: Case) -> None:
    selling.restore(actor_id=vi.pk, item_id=lamp.pk)
    clock.shift(1000)
    selling.suspend(actor_id=vi.pk, item_id=lamp.pk, reason="It is stolen indeed.")


def _taken_off_before(lamp: Item, mo: User, vi: User, case: Case) -> None:
    before = clock.now() - rules.UNDO
    Item.objects.filter(pk=lamp.pk).update(changed_at=before)


@pytest.mark.parametrize("happens", [_put_back, _taken_off_anew, _taken_off_before])
def test_an_item_that_somebody_else_had_in_hand_stays_as_it_is(
    alice: User, bob: User, mo: User, happens: Callable[[Item, User, User, Case], None]
) -> None:
    lamp = market.item(bob)
    case = take(mo, report(alice, Target.ITEM, str(lamp.pk)).case)
    services.take_off(actor_id=mo.pk, case_id=case.pk, reason="It is stolen.")
    happens(lamp, mo, staff(Level.MODERATOR, handle="vi"), case)
    state = Item.objects.get(pk=lamp.pk).state
    with pytest.raises(CaseMoved):
        undo(mo, case)
    assert (Item.objects.get(pk=lamp.pk).state, Case.objects.get().outcome) == (state, "taken_off")


def _too_late(case: Case, bob: User, vi: User) -> None:
    clock.shift(int(rules.UNDO.total_seconds() * 1000))


def _objected(case: Case, bob: User, vi: User) -> None:
    assert case.sanction_id
    moderation.appeal(member_id=bob.pk, sanction_id=case.sanction_id, words="It was a joke.")


def _lifted(case: Case, bob: User, vi: User) -> None:
    assert case.sanction_id
    moderation.lift(actor_id=vi.pk, sanction_id=case.sanction_id, why="It was a mistake.")


def _opened_again(case: Case, bob: User, vi: User) -> None:
    services.reopen(actor_id=vi.pk, case_id=case.pk)


def _reported_anew(case: Case, bob: User, vi: User) -> None:
    # Through messages or orders, say: nobody finds the profile of who is suspended.
    key = rules.key_of(Target.MEMBER, bob.pk)
    Case.objects.create(target=Target.MEMBER.value, target_id=bob.pk, about=bob, open_of=key)


def _level_gone(case: Case, bob: User, vi: User) -> None:
    withdraw_level(member_id=User.objects.get(handle="mo").pk, level=Level.MODERATOR, withdrawn_by_id=None)


@pytest.mark.parametrize(
    "happens", [_too_late, _objected, _lifted, _opened_again, _reported_anew, _level_gone]
)
def test_nothing_is_undone_once_something_else_has_happened(
    alice: User, bob: User, mo: User, happens: Callable[[Case, User, User], None]
) -> None:
    case = suspended(mo, of_member(alice, bob))
    key = decision(case)
    happens(case, bob, staff(Level.MODERATOR, handle="vi"))
    before = (Case.objects.filter(pk=case.pk).values().get(), Sanction.objects.values().get())
    with pytest.raises(CaseMoved) as refused:
        services.undo(actor_id=mo.pk, decision_id=key)
    assert len(refused.value.detail) > 20
    assert (Case.objects.filter(pk=case.pk).values().get(), Sanction.objects.values().get()) == before
    assert not AuditRecord.objects.filter(act="case.undone").exists()


def test_a_suspension_for_ever_is_decided_by_two_and_says_so(alice: User, bob: User, mo: User) -> None:
    case = suspended(mo, of_member(alice, bob), days=None)
    page = client_of(mo).get(HOME).content.decode()
    assert "It cannot be undone here. A suspension for ever is decided by two." in page
    assert f'value="{decision(case)}"' not in page
    with pytest.raises(CaseMoved, match="decided by two"):
        undo(mo, case)
    vi = staff(Level.MODERATOR, handle="vi")
    assert case.sanction_id
    moderation.second(actor_id=vi.pk, sanction_id=case.sanction_id, agrees=True)
    for who in (mo, vi):
        with pytest.raises(CaseMoved):
            undo(who, case)
    assert Sanction.objects.get().state == "active"


def test_several_that_were_decided_with_one_click_are_undone_with_one(alice: User, mo: User) -> None:
    client, vi = client_of(mo), staff(Level.MODERATOR, handle="vi")
    cases = [of_member(alice, person) for person in members.members(4, prefix="few")]
    chosen = {"case": [str(case.pk) for case in cases]}
    said = {"what": "warning", "reason": "spam", "words": "Stop sending adverts.", "do": "decide"}
    client.post(f"{HOME}/several", chosen | said)
    page = client.get(HOME).content.decode()
    assert "4 cases" in page
    services.reopen(actor_id=vi.pk, case_id=cases[0].pk)
    made = Sanction.objects.get(member_id=cases[1].about_id)
    moderation.appeal(member_id=made.member_id, sanction_id=made.pk, words="I sent none.")
    done = client.post(f"{HOME}/undo", {"decision": str(decision(cases[1]))}, follow=True).content.decode()
    assert "2 open again, and yours. 1 could not be: The member has objected." in done
    assert set(Case.objects.filter(held_by_id=mo.pk)) == set(cases[2:])
    assert Sanction.objects.filter(state="lifted").count() == 2


def test_all_are_ticked_without_a_script_and_what_was_typed_is_kept(alice: User, mo: User) -> None:
    cases = [of_member(alice, person) for person in members.members(2, prefix="few")]
    services.hold(actor_id=staff(Level.MODERATOR, handle="vi").pk, case_id=cases[1].pk)
    answer = client_of(mo).post(f"{HOME}/several", {"do": "all", "answer": "Thank <you>."})
    page = answer.content.decode()
    assert (answer.status_code, "Thank &lt;you&gt;." in page) == (200, True)
    assert f'value="{cases[0].pk}" checked' in page
    assert f'value="{cases[1].pk}" disabled' in page
    assert Case.objects.filter(state__in=rules.OPEN).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_undoes() -> None:
    alice, bob, mo = members.alice(), members.bob(), staff(Level.MODERATOR, handle="mo")
    case = suspended(mo, of_member(alice, bob))
    key = decision(case)
    assert len(race(*[lambda: services.undo(actor_id=mo.pk, decision_id=key) for _ in range(3)])) == 1
    assert DecisionRecord.objects.count() == 2
    assert AuditRecord.objects.filter(act="case.undone").count() == 1

"""What the staff take away of what was reported: at once for everybody, told, and back when it was wrong."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.core.errors import ApplicationError, InvalidInput
from beyou.marketplace.models import Item
from beyou.marketplace.rules import State as ItemState
from beyou.media.models import MediaFile
from beyou.moderation import queries as moderation
from beyou.moderation import services as decisions
from beyou.moderation.models import Sanction
from beyou.moderation.rules import Reason
from beyou.reports import queries, rules, services
from beyou.reports.errors import CaseNotHeld
from beyou.reports.models import Case, Removal
from beyou.reports.rules import Part, Target
from beyou.users import services as users
from beyou.users.models import User
from beyou.users.rules import Level
from tests.disputes.test_races import race
from tests.factories import market, members, pictures
from tests.factories.members import client_of, staff
from tests.messaging.world import chat, say
from tests.orders.world import trader
from tests.reports.test_reports import HOME, of_member, of_messages, report, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    """He has a text and a picture."""
    made = trader("bob", "Bob Birch")
    users.change_profile(member_id=made.pk, bio="Alice is a thief.")
    return users.set_picture(member_id=made.pk, data=pictures.picture("PNG", (300, 300)))


def remove(mo: User, case: Case, *parts: Part, **said: Any) -> Sanction:
    chosen = {"reason": Reason.HARASSMENT, "words": "That names somebody a thief."}
    return services.remove(actor_id=mo.pk, case_id=case.pk, parts=parts, **(chosen | said))


def granted(mo: User, row: Sanction) -> None:
    """The member objects and somebody else of the staff agrees."""
    decisions.appeal(member_id=row.member_id, sanction_id=row.pk, words="It is true.")
    vi = staff(Level.MODERATOR, handle="vi")
    decisions.decide_appeal(actor_id=vi.pk, sanction_id=row.pk, is_granted=True, answer="So it is.")
    events.drain()


def test_of_a_profile_goes_what_was_chosen_and_comes_back_after_an_appeal(
    alice: User, bob: User, mo: User
) -> None:
    picture = bob.picture_id
    row = remove(mo, take(mo, of_member(alice, bob)), Part.TEXT, Part.PICTURE)
    bob.refresh_from_db()
    assert (bob.bio, bob.picture_id) == ("", None)
    page = client_of(alice).get("/u/bob").content.decode()
    assert "thief" not in page
    assert client_of(alice).get(f"/media/avatars/{picture}").status_code == 404
    told = client_of(bob).get("/decisions").content.decode()
    assert "Something of yours was taken away" in told
    assert "Taken away: the text of your profile and the picture of your profile." in told
    assert (Case.objects.get().outcome, Case.objects.get().sanction_id) == ("removed", row.pk)
    assert b"thief" not in b"".join(bytes(each.text) for each in Removal.objects.all())
    granted(mo, row)
    bob.refresh_from_db()
    assert (bob.bio, bob.picture_id) == ("Alice is a thief.", picture)
    assert not Removal.objects.exists()
    assert moderation.strikes_of(bob.pk) == 0
    acts = set(AuditRecord.objects.filter(subject_id=bob.pk).values_list("act", flat=True))
    assert {"case.removed", "member.removal_given", "member.content_put_back"} <= acts
    # A repeat of the fact changes nothing.
    users.change_profile(member_id=bob.pk, bio="New words")
    services.put_back(sanction_id=row.pk)
    bob.refresh_from_db()
    assert bob.bio == "New words"


def test_only_what_was_chosen_goes(alice: User, bob: User, mo: User) -> None:
    remove(mo, take(mo, of_member(alice, bob)), Part.TEXT)
    picture = bob.picture_id
    bob.refresh_from_db()
    assert (bob.bio, bob.picture_id) == ("", picture)


def test_what_the_member_put_there_meanwhile_stays(alice: User, bob: User, mo: User) -> None:
    old = bob.picture_id
    row = remove(mo, take(mo, of_member(alice, bob)), Part.TEXT, Part.PICTURE)
    users.change_profile(member_id=bob.pk, bio="Hello")
    newer = users.set_picture(member_id=bob.pk, data=pictures.picture("PNG", (200, 200))).picture_id
    granted(mo, row)
    bob.refresh_from_db()
    assert (bob.bio, bob.picture_id) == ("Hello", newer)
    assert not MediaFile.objects.filter(id=old).exists()


def test_an_item_is_off_the_market_and_paused_after_the_return(alice: User, bob: User, mo: User) -> None:
    lamp = market.item(bob, "Brass lamp")
    case = take(mo, report(alice, Target.ITEM, str(lamp.pk)).case)
    row = remove(mo, case, Part.ITEM)
    assert Item.objects.get().state == ItemState.INACTIVE_STAFF
    decisions.lift(actor_id=mo.pk, sanction_id=row.pk, why="It was wrong.")
    events.drain()
    lamp.refresh_from_db()
    assert (lamp.state, lamp.staff_reason) == (ItemState.INACTIVE_SELLER, "")


def test_what_cannot_be_taken_away_is_refused_and_nothing_happens(alice: User, bob: User, mo: User) -> None:
    said = say(chat(alice, bob), bob, "Something ugly")
    of_them = take(mo, of_messages(alice, bob, said.message).case)
    of_him = take(mo, of_member(alice, bob))
    draft = market.item(bob, "Brass lamp")
    of_item = take(mo, report(alice, Target.ITEM, str(draft.pk)).case)
    Item.objects.filter(pk=draft.pk).update(state=ItemState.SOLD)
    for case, parts in ((of_them, [Part.TEXT]), (of_him, [Part.ITEM]), (of_him, []), (of_item, [Part.ITEM])):
        with pytest.raises(ApplicationError):
            remove(mo, case, *parts)
    for words in ("", "  ", "x" * 1001):
        with pytest.raises(InvalidInput):
            remove(mo, of_him, Part.TEXT, words=words)
    users.change_profile(member_id=bob.pk, bio="")
    with pytest.raises(InvalidInput):
        remove(mo, of_him, Part.TEXT)
    with pytest.raises(CaseNotHeld):
        remove(staff(Level.MODERATOR, handle="vi"), of_him, Part.PICTURE)
    assert not Sanction.objects.exists()
    assert not Removal.objects.exists()
    assert Case.objects.filter(state__in=rules.OPEN).count() == 3
    bob.refresh_from_db()
    assert bob.picture_id


def test_after_half_a_year_it_is_gone_unless_an_objection_waits(alice: User, bob: User, mo: User) -> None:
    picture = bob.picture_id
    row = remove(mo, take(mo, of_member(alice, bob)), Part.TEXT, Part.PICTURE)
    decisions.appeal(member_id=bob.pk, sanction_id=row.pk, words="It is true.")
    clock.shift(180 * 86_400_000 + 1000)
    assert services.forget_removed() == 0
    olga = staff(handle="olga")
    decisions.decide_appeal(actor_id=olga.pk, sanction_id=row.pk, is_granted=False, answer="It is not.")
    assert services.forget_removed() == 1
    assert services.forget_removed() == 0
    assert not MediaFile.objects.filter(id=picture).exists()
    # Taken back later, it leaves no strike; what is gone is gone.
    decisions.lift(actor_id=olga.pk, sanction_id=row.pk, why="We were wrong.")
    events.drain()
    bob.refresh_from_db()
    assert (bob.bio, bob.picture_id) == ("", None)


def test_the_page_shows_what_the_member_reads_and_takes_it_away(alice: User, bob: User, mo: User) -> None:
    case = take(mo, of_member(alice, bob))
    client: Client = client_of(mo)
    address = f"{HOME}/{case.pk}/remove"
    assert "Take it away" in client.get(f"{HOME}/{case.pk}").content.decode()
    said = {"parts": ["text"], "reason": "harassment", "words": "That names somebody a thief."}
    preview = client.post(address, said | {"do": "preview"}).content.decode()
    assert "Taken away: the text of your profile." in preview
    assert not Sanction.objects.exists()
    for wrong in ({"parts": []}, {"parts": ["item"]}, {"reason": "x"}, {"words": ""}, {"words": "x" * 900}):
        assert client.post(address, said | wrong | {"do": "decide"}).status_code == 422, wrong
    assert client.post(address, said | {"do": "decide"}).status_code == 302
    assert User.objects.get(pk=bob.pk).bio == ""
    page = client.get(f"{HOME}/{case.pk}").content.decode()
    assert "Taken away" in page
    # Nobody below the staff, and nobody of another level, has such an address.
    for who in (alice, bob, staff(Level.FINANCE, handle="fay")):
        assert client_of(who).post(address, said | {"do": "decide"}).status_code == 404
    assert f"/{settings.STAFF_PREFIX}/" in address
    assert queries.case_for(mo.pk, frozenset({Level.MODERATOR.value}), case.pk).outcome == "removed"


@pytest.mark.django_db(transaction=True)
def test_of_taking_away_and_dismissing_at_once_one_counts() -> None:
    mo, alice, bob = staff(Level.MODERATOR, handle="mo"), members.alice(), members.bob()
    users.change_profile(member_id=bob.pk, bio="Alice is a thief.")
    case = take(mo, of_member(alice, bob))
    done = race(
        lambda: remove(mo, case, Part.TEXT),
        lambda: services.dismiss(actor_id=mo.pk, case_id=case.pk),
        lambda: remove(mo, case, Part.TEXT),
    )
    assert len(done) == 1
    is_removed = Case.objects.get().outcome == "removed"
    assert Sanction.objects.count() == Removal.objects.count() == int(is_removed)
    assert (User.objects.get(pk=bob.pk).bio == "") == is_removed

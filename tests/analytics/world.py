"""A week whose figures can be computed by hand: Monday 2 March 2026 to the Sunday after it."""

import datetime as dt
from pathlib import Path
from uuid import UUID

from beyou.analytics import interest
from beyou.core import clock
from beyou.disputes import services as disputes
from beyou.messaging.accept import accept_messages
from beyou.orders import services as orders
from beyou.sandbox.rules import Card
from beyou.users.models import LoginActivity, User
from beyou.users.rules import Level
from beyou.verification import services as verification
from tests.disputes.world import claim
from tests.factories.documents import request_of
from tests.factories.members import client_of, member, staff
from tests.messaging.world import chat, text_draft
from tests.orders.world import begin, offer, pay, settle_down, trader, use_card
from tests.privacy.world import seal

MONDAY = dt.date(2026, 3, 2)
SUNDAY = MONDAY + dt.timedelta(days=6)


def at(day: int, hour: int = 12, minute: int = 0, second: int = 0) -> None:
    """The clock says so: the day of the week, 0 for the Monday."""
    moment = dt.datetime.combine(MONDAY, dt.time(hour, minute, second), dt.UTC) + dt.timedelta(days=day)
    clock.shift(0)
    clock.shift(int(moment.timestamp() * 1000) - clock.now_ms())


def sign_in(person: User | None, outcome: str = "success") -> None:
    LoginActivity.objects.create(member=person, outcome=outcome, address="127.0.0.1", path="/sign-in")


def look(person: User, item_id: UUID) -> None:
    """The person opens the item's page."""
    assert client_of(person).get(f"/market/i/{item_id}", follow=True).status_code == 200


def week(folder: Path) -> dict[str, User]:
    """Everything that happens in the week."""
    # Two of the staff joined on the Monday before.
    at(-7)
    vera, fay = staff(Level.VERIFIER, handle="vera"), staff(Level.FINANCE, handle="fay")

    # Monday: four join. Six attempts to sign in, of them one at the decoy.
    at(0, 9)
    alice, bob, carol, dana = trader("alice"), trader("bob"), trader("carol"), member("dana")
    for person, outcome in (
        (alice, "success"), (alice, "success"), (bob, "success"), (carol, "bad_credentials"),
        (None, "limited"), (None, "decoy"),
    ):  # fmt: skip
        sign_in(person, outcome)
    # Alice sells a lamp; bob looks twice, carol once, and alice's own look does not count.
    lamp = offer(alice, "Brass lamp", price=2400)
    for person in (bob, bob, carol, alice):
        look(person, lamp.item_id)
    # Bob pays 24.00 and 4.50 for the parcel, 90 seconds after he began to.
    at(0, 9, 29)
    order = begin(bob, lamp)
    at(0, 9, 30)
    pay(order)
    at(0, 9, 31, 30)
    use_card(order)
    # Bob writes three messages to alice, and she one to him.
    talk = chat(bob, alice)
    accept_messages([text_draft(talk, sender) for sender in (bob, bob, bob, alice)])
    seal(folder)
    # Dana asks to be verified.
    at(0, 10)
    request = request_of(dana)

    # Tuesday: carol's first card is declined; she pays the second time, 30 seconds after she began to.
    at(1, 10)
    chair = offer(alice, "Oak chair", price=4000)
    look(carol, chair.item_id)
    other = begin(carol, chair)
    pay(other)
    use_card(other, Card.DECLINED)
    at(1, 10, 5)
    pay(other)
    at(1, 10, 5, 30)
    use_card(other)
    # Carol begins a second checkout and thinks better of it.
    vase = offer(alice, "Blue vase", price=1000)
    left = begin(carol, vase)
    orders.cancel(member_id=carol.pk, number=left.number)
    # Vera approves dana after exactly a day and an hour.
    at(1, 11)
    verification.claim(request_id=request.pk, reviewer_id=vera.pk)
    verification.approve(request_id=request.pk, reviewer_id=vera.pk)
    # And undoes a second one: erin's, who joined today.
    erin = member("erin")
    again = request_of(erin)
    verification.claim(request_id=again.pk, reviewer_id=vera.pk)
    verification.approve(request_id=again.pk, reviewer_id=vera.pk)
    verification.undo(request_id=again.pk, reviewer_id=vera.pk)

    # Wednesday: alice calls carol's order off; 44.50 go back.
    at(2)
    orders.call_off(member_id=alice.pk, number=other.parts.get().number, reason="It broke.")
    settle_down()
    # Alice sends the lamp; bob claims on Thursday, and two hours later the two agree that he gets 5.00 back.
    part = order.parts.get()
    orders.ship(seller_id=alice.pk, number=part.number, carrier="Post", tracking="3S1")
    at(3, 14)
    orders.confirm(buyer_id=bob.pk, number=part.number)
    settle_down()
    part.refresh_from_db()
    made = claim(part)
    at(3, 16)
    disputes.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=500)
    disputes.agree(buyer_id=bob.pk, claim_id=made.pk, seen_minor=500)
    settle_down()
    # The lamp on Monday, the chair and the vase on Tuesday.
    assert interest.flush() == 3
    return {"alice": alice, "bob": bob, "carol": carol, "dana": dana, "erin": erin, "vera": vera, "fay": fay}

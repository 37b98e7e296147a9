"""Who may claim when, what becomes of the money, and who decides."""

import datetime as dt

import pytest
from django.conf import LazySettings

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.core.errors import InvalidInput, NotFound
from beyou.disputes import queries, services
from beyou.disputes.errors import (
    CannotClaim,
    ClaimMoved,
    HeldByOther,
    NotHeld,
    SecondNeeded,
    TooMuchEvidence,
)
from beyou.disputes.models import Claim, Entry, Evidence
from beyou.disputes.rules import MOST_PICTURES, Reason, State
from beyou.media.errors import NotAnImage
from beyou.media.models import MediaFile
from beyou.media.services import read_bytes
from beyou.notifications.models import Notification
from beyou.orders import services as orders
from beyou.orders.errors import OrderMoved
from beyou.orders.models import OrderEvent, SubOrder
from beyou.payments import services as payments
from beyou.payments.models import Refund
from beyou.users.models import User
from beyou.users.rules import Level
from tests.disputes.world import (
    balance,
    bought,
    check_books,
    claim,
    clerk,
    contested,
    delivered,
    held,
    settle_down,
    trader,
)
from tests.factories import members
from tests.factories.pictures import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def part(alice: User, bob: User) -> SubOrder:
    return bought(alice, bob)


@pytest.fixture
def fay() -> User:
    return clerk("fay")


def days(count: float) -> None:
    clock.shift(int(dt.timedelta(days=count).total_seconds() * 1000))


def told(handle: str) -> set[str]:
    return set(Notification.objects.filter(member__handle=handle).values_list("kind", flat=True))


def test_a_claim_freezes_the_money_and_stops_the_clock(alice: User, bob: User, part: SubOrder) -> None:
    made = claim(part)
    part.refresh_from_db()
    assert (part.state, made.state, made.open_of_id) == ("disputed", "open", part.pk)
    assert "claim_opened" in told("alice")
    days(40)
    orders.confirm_due()
    with pytest.raises(OrderMoved):
        orders.confirm(buyer_id=bob.pk, number=part.number)
    assert balance("escrow", str(alice.pk)) == part.total_minor
    assert balance("seller", str(alice.pk)) == 0
    assert OrderEvent.objects.filter(part=part, what="disputed", actor="buyer").count() == 1
    check_books()


def test_what_was_said_is_sealed_in_the_database_and_read_by_both(part: SubOrder) -> None:
    made = claim(part, text="It is made of\r\ntin.\0")
    stored = bytes(Entry.objects.get().text)
    assert b"tin" not in stored
    assert [line.text for line in queries.history(made)] == ["It is made of\ntin."]
    Entry.objects.update(text=stored[:-1] + bytes([stored[-1] ^ 1]))
    assert queries.history(made)[0].text == "(altered in the database)"


@pytest.mark.parametrize("who", ["charlie", "alice"])
def test_only_the_buyer_claims_and_nobody_else_finds_it(who: str, part: SubOrder) -> None:
    other = User.objects.filter(handle=who).first() or trader(who)
    with pytest.raises(NotFound):
        services.claim(buyer_id=other.pk, number=part.number, reason=Reason.DAMAGED, text="Broken")


def test_strangers_and_the_wrong_side_cannot_take_a_step(alice: User, bob: User, part: SubOrder) -> None:
    made, charlie = claim(part), trader("charlie")
    for step in (
        lambda who: services.accept(seller_id=who, claim_id=made.pk),
        lambda who: services.offer(seller_id=who, claim_id=made.pk, amount_minor=100),
        lambda who: services.contest(seller_id=who, claim_id=made.pk, text="No"),
        lambda who: services.agree(buyer_id=who, claim_id=made.pk, seen_minor=100),
        lambda who: services.decline(buyer_id=who, claim_id=made.pk),
        lambda who: services.withdraw(buyer_id=who, claim_id=made.pk),
        lambda who: services.say(member_id=who, claim_id=made.pk, text="Hello"),
    ):
        with pytest.raises(NotFound):
            step(charlie.pk)
    for step in (services.accept, services.contest):
        with pytest.raises(ClaimMoved):
            step(seller_id=bob.pk, claim_id=made.pk, text="mine")
    for step in (services.decline, services.withdraw):
        with pytest.raises(ClaimMoved):
            step(buyer_id=alice.pk, claim_id=made.pk)
    made.refresh_from_db()
    assert made.state == "open"


def test_nothing_can_be_claimed_before_it_was_sent_or_when_the_time_is_over(
    alice: User, bob: User, settings: LazySettings
) -> None:
    from tests.orders.world import buy, offer

    paid = buy(bob, offer(alice)).parts.get()
    with pytest.raises(CannotClaim, match="not sent"):
        claim(paid)
    orders.ship(seller_id=alice.pk, number=paid.number, carrier="Post", tracking="")
    with pytest.raises(CannotClaim, match="Parcels take"):
        claim(paid, reason=Reason.NOT_ARRIVED)
    orders.confirm(buyer_id=bob.pk, number=paid.number)
    days(settings.CLAIM_DAYS)
    with pytest.raises(CannotClaim, match="over"):
        claim(paid)
    days(settings.CLAIM_DAYS - 0.01)
    assert claim(paid).state == "open"


def test_what_never_arrives_can_be_claimed_after_some_days(part: SubOrder) -> None:
    days(3)
    assert claim(part, reason=Reason.NOT_ARRIVED).state == "open"


def test_a_claim_needs_words_and_at_most_some_pictures(part: SubOrder, bob: User) -> None:
    with pytest.raises(InvalidInput):
        claim(part, text=" \0\n ")
    with pytest.raises(TooMuchEvidence):
        services.claim(buyer_id=bob.pk, number=part.number, reason=Reason.DAMAGED, text="Broken",
                       pictures=[picture()] * (MOST_PICTURES + 1))  # fmt: skip
    with pytest.raises(NotAnImage):
        services.claim(buyer_id=bob.pk, number=part.number, reason=Reason.DAMAGED, text="Broken",
                       pictures=[picture(), b"<html>"])  # fmt: skip
    assert not Claim.objects.exists()
    assert not MediaFile.objects.filter(owner_id=bob.pk).exists(), "the good picture went with the bad one"
    part.refresh_from_db()
    assert part.state == "shipped"


def test_pictures_are_made_anew_and_encrypted(part: SubOrder, bob: User) -> None:
    made = services.claim(buyer_id=bob.pk, number=part.number, reason=Reason.DAMAGED, text="Broken",
                          pictures=[picture("JPEG", (900, 600))])  # fmt: skip
    shown = Evidence.objects.get(claim=made)
    file = MediaFile.objects.get(pk=shown.media_id)
    assert (file.purpose, bool(file.wrapped_key)) == ("evidence", True)
    assert read_bytes(file.pk)[8:12] == b"WEBP"


def test_the_seller_gives_everything_back(alice: User, bob: User, part: SubOrder) -> None:
    made = claim(part)
    services.accept(seller_id=alice.pk, claim_id=made.pk, text="Sorry")
    check_books()
    part.refresh_from_db()
    made.refresh_from_db()
    assert (part.state, made.state, made.refund_minor) == ("refunded", "accepted", part.total_minor)
    assert balance("escrow", str(alice.pk)) == balance("seller", str(alice.pk)) == balance("fees") == 0
    assert Refund.objects.get().state == "done"
    assert {"claim_settled", "order_refunded"} <= told("bob")
    with pytest.raises(ClaimMoved):
        services.accept(seller_id=alice.pk, claim_id=made.pk)
    with pytest.raises(CannotClaim, match="settled"):
        claim(part)


def test_an_offer_is_taken_and_the_rest_is_the_sellers_less_the_fee_on_it(
    alice: User, bob: User, part: SubOrder
) -> None:
    made = claim(part)
    for amount in (0, -1, part.total_minor, 10**12):
        with pytest.raises(InvalidInput):
            services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=amount)
    services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=500, text="For the scratch")
    services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=950)
    with pytest.raises(ClaimMoved, match="another one"):
        services.agree(buyer_id=bob.pk, claim_id=made.pk, seen_minor=500)
    services.agree(buyer_id=bob.pk, claim_id=made.pk, seen_minor=950)
    check_books()
    part.refresh_from_db()
    rest = part.total_minor - 950
    fee = part.fee_minor * rest // part.total_minor
    assert part.state == "delivered"
    assert (balance("seller", str(alice.pk)), balance("fees")) == (rest - fee, fee)
    assert Refund.objects.get().amount_minor == 950


def test_silence_brings_it_to_the_staff(
    alice: User, bob: User, part: SubOrder, fay: User, settings: LazySettings
) -> None:
    made = claim(part)
    days(settings.CLAIM_ANSWER_DAYS - 0.01)
    assert services.escalate_due() == 0
    days(settings.CLAIM_ANSWER_DAYS)
    assert services.escalate_due() == 1
    made.refresh_from_db()
    assert made.state == "review"
    assert "claim_waiting" in told("fay")
    with pytest.raises(ClaimMoved):
        services.offer(seller_id=alice.pk, claim_id=made.pk, amount_minor=100)
    assert services.escalate_due() == 0


def test_the_buyer_takes_it_back_and_may_claim_again_but_not_for_ever(alice: User, bob: User) -> None:
    part = delivered(alice, bob)
    for _ in range(3):
        made = claim(part)
        assert balance("seller", str(alice.pk)) == 0, "what was released is held again"
        services.withdraw(buyer_id=bob.pk, claim_id=made.pk)
        assert balance("seller", str(alice.pk)) == part.payout_minor
        part.refresh_from_db()
        assert part.state == "delivered"
    with pytest.raises(CannotClaim, match="too often"):
        claim(part)
    check_books()


def test_a_decision_after_the_payout_is_paid_and_owed(alice: User, bob: User, fay: User) -> None:
    part = delivered(alice, bob)
    payments.request_payout(
        seller_id=alice.pk, currency="EUR", amount_minor=part.payout_minor, idempotency_key="all"
    )
    settle_down()
    made = held(contested(part), fay)
    services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=part.total_minor, reason="It is tin.")
    check_books()
    assert balance("debt", str(alice.pk)) == -part.payout_minor
    assert Refund.objects.get().state == "done"
    later = delivered(alice, bob)
    assert balance("debt", str(alice.pk)) == 0
    assert balance("seller", str(alice.pk)) == later.payout_minor - part.payout_minor
    check_books()


@pytest.mark.parametrize("share", [0, 1, 999, 2850])
def test_staff_decide_and_both_read_why(
    alice: User, bob: User, part: SubOrder, fay: User, share: int
) -> None:
    made = contested(part)
    with pytest.raises(NotHeld):
        services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=share, reason="Because")
    held(made, fay)
    for amount, reason in ((-1, "x"), (2851, "x"), (share, " ")):
        with pytest.raises(InvalidInput):
            services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=amount, reason=reason)
    assert services.decide(
        claim_id=made.pk, staff_id=fay.pk, refund_minor=share, reason="The photo shows it."
    )
    check_books()
    made.refresh_from_db()
    part.refresh_from_db()
    assert (made.state, made.refund_minor, made.held_by_id) == ("decided", share, None)
    assert part.state == ("refunded" if share == 2850 else "delivered")
    last = queries.history(made)[-1]
    assert (last.text, last.author, last.entry.amount_minor) == ("The photo shows it.", None, share)
    assert "claim_settled" in told("alice") & told("bob")
    acts = list(
        AuditRecord.objects.filter(object_id=str(made.pk)).order_by("id").values_list("act", flat=True)
    )
    assert acts == ["disputes.held", "disputes.decided"]
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) == share
    with pytest.raises(ClaimMoved):
        services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=share, reason="Again")


def test_much_money_needs_two_who_agree(part: SubOrder, fay: User, settings: LazySettings, bob: User) -> None:
    settings.CLAIM_FOUR_EYES = part.total_minor
    gil, made = clerk("gil"), held(contested(part), fay)
    assert not services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=1000, reason="A third.")
    for step in (
        lambda: services.hold(claim_id=made.pk, staff_id=fay.pk),
        lambda: services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=1000, reason="Again"),
    ):
        with pytest.raises((SecondNeeded, NotHeld)):
            step()
    # Nobody of the two sides knows of it yet.
    assert [line.entry.step for line in queries.history(made)] == ["claim", "contest"]
    held(made, gil)
    assert not services.decide(claim_id=made.pk, staff_id=gil.pk, refund_minor=900, reason="Less.")
    held(made, fay)
    assert services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=900, reason="Agreed.")
    made.refresh_from_db()
    assert (made.state, made.refund_minor) == ("decided", 900)
    check_books()


def test_one_below_the_amount_decides_alone(part: SubOrder, fay: User, settings: LazySettings) -> None:
    settings.CLAIM_FOUR_EYES = part.total_minor + 1
    made = held(contested(part), fay)
    assert services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=0, reason="No.")


def test_a_hold_is_one_persons_until_it_ends(part: SubOrder, fay: User) -> None:
    gil, made = clerk("gil"), held(contested(part), fay)
    with pytest.raises(HeldByOther):
        services.hold(claim_id=made.pk, staff_id=gil.pk)
    clock.shift(15 * 60 * 1000 + 1)
    held(made, gil)
    with pytest.raises(NotHeld):
        services.decide(claim_id=made.pk, staff_id=fay.pk, refund_minor=0, reason="Mine")
    services.let_go(claim_id=made.pk, staff_id=gil.pk)
    held(made, fay)


def test_nobody_decides_their_own_case_or_a_friends(alice: User, bob: User, fay: User) -> None:
    from beyou.friends.models import Friendship
    from beyou.friends.queries import pair
    from beyou.users.services import mark_verified

    mark_verified(member_id=fay.pk)
    own, hers = contested(bought(alice, fay)), contested(bought(alice, bob))
    first, second = pair(fay.pk, bob.pk)
    for made in (own, hers):
        if made is hers:
            held(made, fay)
            Friendship.objects.create(first_id=first, second_id=second)
        for step in (
            lambda made=made: services.hold(claim_id=made.pk, staff_id=fay.pk),
            lambda made=made: services.decide(
                claim_id=made.pk, staff_id=fay.pk, refund_minor=0, reason="For me"
            ),
            lambda made=made: services.open_case(claim_id=made.pk, staff_id=fay.pk),
        ):
            with pytest.raises(NotFound):
                step()
    assert queries.queue_for(fay.pk).lines == []
    assert len(queries.queue_for(clerk("gil").pk).lines) == 2


@pytest.mark.parametrize("level", [Level.MODERATOR, Level.VERIFIER, Level.AUDITOR, None])
def test_other_levels_decide_nothing(level: Level | None, part: SubOrder) -> None:
    made = contested(part)
    other = members.staff(level, handle="other") if level else trader("other")
    for step in (services.hold, services.open_case):
        with pytest.raises(NotFound):
            step(claim_id=made.pk, staff_id=other.pk)


def test_whoever_is_erased_gives_up_and_leaves_no_word(alice: User, bob: User) -> None:
    first, second = bought(alice, bob), bought(alice, bob)
    one, two = contested(first), claim(second, text="Secret words")
    services.leave(member_id=alice.pk)
    services.forget(member_id=alice.pk)
    check_books()
    for made in (one, two):
        made.refresh_from_db()
        assert (made.state, made.refund_minor) == ("accepted", made.total_minor)
    assert not Entry.objects.filter(author_id=alice.pk).exclude(text=b"").exists()
    assert Entry.objects.filter(author_id=bob.pk).exclude(text=b"").count() == 2
    third = claim(bought(trader("carl"), bob))
    services.leave(member_id=bob.pk)
    third.refresh_from_db()
    assert State(third.state) is State.WITHDRAWN
    check_books()

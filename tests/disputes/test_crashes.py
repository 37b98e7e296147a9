"""The process dies at each named point of a claim; afterwards everything ends as if it had not."""

from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import pytest

from beyou.core import crash
from beyou.disputes import services
from beyou.disputes.models import Claim, Entry
from beyou.disputes.rules import Reason
from beyou.orders.models import SubOrder
from beyou.payments.models import Refund
from beyou.payments.queries import money_health
from beyou.users.models import User
from tests.disputes.world import balance, check_books, clerk, delivered, trader

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [name for name in crash.POINTS if name.startswith("disputes.")] + [
    "payments.holding_again", "payments.refund_asking", "payments.releasing",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    crash.disarm()


def _life(part: SubOrder, fay: User) -> list[Callable[[], object]]:
    def key() -> UUID:
        return Claim.objects.get().pk

    claim = partial(services.claim, buyer_id=part.order.buyer_id, number=part.number, text="Torn")
    return [
        partial(claim, reason=Reason.DAMAGED),
        lambda: services.contest(seller_id=part.seller_id, claim_id=key(), text="No"),
        lambda: services.hold(claim_id=key(), staff_id=fay.pk),
        lambda: services.decide(claim_id=key(), staff_id=fay.pk, refund_minor=950, reason="A third."),
    ]


@pytest.mark.parametrize("point", POINTS)
def test_a_claim_that_is_cut_anywhere_ends_as_if_it_was_not(point: str) -> None:
    alice, fay = trader("alice"), clerk("fay")
    part = delivered(alice, trader("bob"))
    crash.arm(point)
    deaths = 0
    for step in _life(part, fay):
        try:
            step()
        except crash.Died:
            deaths += 1
            assert money_health().is_sound
            # Half a claim is none: state, money and history fit together.
            assert (
                Claim.objects.exclude(open_of=None).count()
                == SubOrder.objects.filter(state="disputed").count()
            )
            step()
    assert deaths == 1, "the life never came to this point"
    check_books()
    made = Claim.objects.get()
    part.refresh_from_db()
    assert (made.state, made.refund_minor, part.state) == ("decided", 950, "delivered")
    assert Refund.objects.get().state == "done"
    assert list(Entry.objects.order_by("id").values_list("step", flat=True)) == ["claim", "contest", "decide"]
    rest = part.total_minor - 950
    assert balance("seller", str(alice.pk)) + balance("fees") == rest
    assert balance("escrow", str(alice.pk)) == 0

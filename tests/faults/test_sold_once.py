"""A thousand times sixteen buyers want one thing, and fifty want five: each unit is sold and charged once."""

from collections.abc import Iterator

import pytest

from tests.browser.server import Server
from tests.faults.test_kill import ENGINES

#: A part ends long before a test may be called hung, also on a busy machine.
TRIALS, PARTS = 1000, 40

_PEOPLE = """
from tests.orders.world import trader
trader("alice")
for number in range(50):
    trader(f"buyer_{number}")
"""

_TRIALS = f"""
from functools import partial
from beyou.core.errors import ApplicationError
from beyou.marketplace.models import Reservation, Variant
from beyou.orders import services
from beyou.orders.models import CartLine, Order
from beyou.payments.models import Account, Payment
from beyou.sandbox.models import BankCharge
from beyou.users.models import User
from tests.blocks.test_races import at_once
from tests.orders.world import offer, pay, settle_down, use_card

alice = User.objects.get(handle="alice")
buyers = list(User.objects.filter(handle__startswith="buyer_").order_by("handle"))

def race(buyer, won):
    try:
        won.append(services.start(member_id=buyer.pk))
    except ApplicationError:
        pass

def trial(racers, stock):
    thing = offer(alice, stock=stock)
    CartLine.objects.all().delete()
    # As a cart stands after `put`, which no race goes through here.
    now_in = dict(variant_id=thing.pk, title=thing.item.title, quantity=1, seen_minor=2400, currency="EUR")
    CartLine.objects.bulk_create(CartLine(member_id=buyer.pk, **now_in) for buyer in racers)
    before = Payment.objects.filter(state="settled").count()
    won = []
    at_once([partial(race, buyer, won) for buyer in racers])
    assert len(won) == stock, f"{{len(won)}} hold {{stock}}"
    for order in won:
        pay(order)
        use_card(order)
    thing.refresh_from_db()
    assert thing.stock == 0 and not Reservation.objects.filter(variant=thing).exists()
    assert Order.objects.filter(state="paid", parts__lines__variant_id=thing.pk).count() == stock
    assert Payment.objects.filter(state="settled").count() == before + stock
    charged = sum(BankCharge.objects.filter(progress="paid").values_list("amount_minor", flat=True))
    escrow = Account.objects.get(key=f"escrow:EUR:{{alice.pk}}").balance_minor
    assert escrow == charged

for number in range({TRIALS // PARTS}):
    trial(buyers[:16], 1)
for number in range({100 // PARTS}):
    trial(buyers, 5)
print("sold once")
"""


@pytest.fixture(scope="module", params=ENGINES)
def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One seller and fifty buyers, on a database of their own for all trials of an engine."""
    with ENGINES[request.param]() as database, Server(tmp_path_factory.mktemp("market")) as server:
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        server.run(_PEOPLE)
        yield server


@pytest.mark.parametrize("part", range(PARTS))
def test_each_unit_is_sold_and_charged_once(market: Server, part: int) -> None:
    assert "sold once" in market.run(_TRIALS)

"""A thousand times sixteen buyers want one thing, and fifty want five: each unit is sold and charged once."""

from pathlib import Path

import pytest

from tests.browser.server import Server
from tests.faults.test_kill import ENGINES

#: A part ends long before a test may be called hung, also on a busy machine.
TRIALS, PARTS, AT_ONCE = 1000, 20, 10

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
    for buyer in racers:
        services.put(member_id=buyer.pk, variant_id=thing.pk, quantity=1)
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

for number in range({AT_ONCE}):
    trial(buyers[:16], 1)
trial(buyers, 5)
print("sold once")
"""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("engine", ENGINES)
def test_each_unit_is_sold_and_charged_once(engine: str, part: int, tmp_path: Path) -> None:
    with ENGINES[engine]() as database, Server(tmp_path) as server:
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        assert server.command("migrate", "--verbosity", "0").returncode == 0
        server.run(_PEOPLE)
        for _ in range(TRIALS // PARTS // AT_ONCE):
            assert "sold once" in server.run(_TRIALS)

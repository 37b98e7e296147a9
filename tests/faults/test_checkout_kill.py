"""A process dies at every step of a checkout; afterwards the order is legal, money sums to zero, nothing is
stuck, and the buyer can go on.
"""

import signal
from itertools import product
from pathlib import Path

import pytest

from tests.browser.server import Server
from tests.faults.test_kill import ENGINES

#: Where the process dies: a module and a name in it, before or after the call.
STEPS = (
    "beyou.orders.services.checkout:hold",
    "beyou.orders.services.checkout:note",
    "beyou.orders.services.paying:_begin",
    "beyou.orders.services.paying:_open_payment",
    "beyou.orders.services.paying.payments:start_payment",
    "beyou.sandbox.services.counter:_take",
    "beyou.orders.services.paying.market:consume",
    "beyou.orders.services.paying:take_out",
    "beyou.orders.services.paying:_accept",
)

_SEED = """
from tests.orders.world import trader
trader("alice")
"""

_BUY = """
import os, signal
from importlib import import_module
from beyou.users.models import User
from tests.orders.world import begin, offer, pay, trader, use_card
STEP, WHEN = {step!r}, {when!r}
path, name = STEP.split(":")
try:
    module = import_module(path)
except ModuleNotFoundError:
    above, _, last = path.rpartition(".")
    module = getattr(import_module(above), last)
called = getattr(module, name)

def dying(*arguments, **named):
    if WHEN == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    called(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)

bob, thing = trader({buyer!r}), offer(User.objects.get(handle="alice"), {buyer!r})
setattr(module, name, dying)
order = begin(bob, thing)
pay(order)
use_card(order)
"""

_RECOVER = """
from django.db.models import Sum
from beyou.core import clock
from beyou.marketplace.models import Reservation, Variant
from beyou.orders import queries, services
from beyou.orders.models import Order
from beyou.payments.models import Account, Payment
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Card
from beyou.users.models import User
from tests.orders.world import pay, settle_down, use_card

def zero():
    assert not Account.objects.aggregate(total=Sum("balance_minor"))["total"]

# Leases of what died run out; the hold does not.
clock.shift(180_000)
zero()
settle_down()
zero()
bob, thing = User.objects.get(handle=BUYER), Variant.objects.get(item__title=BUYER)
order = Order.objects.filter(buyer=bob).first()
state = order.state if order else "none"
assert state in ("none", "pending", "paying", "paid"), state
assert (state == "paid") == (thing.stock == 0)
if state != "paid":
    assert not Payment.objects.filter(payer_id=bob.pk, state="settled").exists()
    if state in ("none", "pending"):
        services.put(member_id=bob.pk, variant_id=thing.pk, quantity=1)
        order = services.start(member_id=bob.pk)
    started = pay(order)
    assert started.address
    use_card(order, Card.SUCCESS)
    settle_down()
order.refresh_from_db()
thing.refresh_from_db()
held = Reservation.objects.filter(variant=thing).count()
assert (order.state, thing.stock, held) == ("paid", 0, 0)
assert Order.objects.filter(buyer=bob).count() == 1
mine = Payment.objects.filter(payer_id=bob.pk).values("id")
paid = BankCharge.objects.filter(key__in=mine, progress="paid").aggregate(total=Sum("amount_minor"))["total"]
assert paid == order.total_minor
zero()
print("whole")
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_checkout_survives_a_kill_at_every_step(engine: str, tmp_path: Path) -> None:
    with ENGINES[engine]() as database, Server(tmp_path) as server:
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        server.run(_SEED)
        for number, (step, when) in enumerate(product(STEPS, ("before", "after"))):
            buyer = f"buyer_{number}"
            died = server.die(_BUY.format(step=step, when=when, buyer=buyer))
            assert died.returncode == -signal.SIGKILL, f"{when} {step}: {died.stderr[-2000:]}"
            assert "whole" in server.run(f"BUYER = {buyer!r}\n{_RECOVER}"), f"{when} {step}"

"""A real process is killed by SIGKILL at each named point of a claim; another one ends what it began."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beyou.core import crash
from tests.browser.server import ROOT, Server
from tests.faults.test_kill import ENGINES

POINTS = [name for name in crash.POINTS if name.startswith("disputes.")] + ["payments.holding_again"]

_PEOPLE = """
from tests.disputes.world import clerk, delivered, trader
alice, bob, fay = trader("alice"), trader("bob"), clerk("fay")
print(delivered(alice, bob).number)
"""
_LIFE = """
import json, sys
import django; django.setup()
from beyou.core import clock, crash
from beyou.core.errors import ApplicationError
from beyou.disputes import services
from beyou.disputes.models import Claim
from beyou.disputes.rules import Reason
from beyou.orders.models import SubOrder
from beyou.payments.models import Account, Refund
from beyou.payments.queries import money_health
from beyou.users.models import User
from tests.orders.world import settle_down
alice, bob, fay = (User.objects.get(handle=handle) for handle in ("alice", "bob", "fay"))
part = SubOrder.objects.get(number=sys.argv[2])
if sys.argv[1]:
    crash.arm(sys.argv[1], hard=True)
else:
    clock.shift(200_000)
    assert money_health().is_sound
    # Half a claim is none.
    assert Claim.objects.exclude(open_of=None).count() == (part.state == "disputed")

def go_on(step, **named):
    try:
        step(**named)
    except ApplicationError as error:
        assert error.code in ("cannot_claim", "claim_moved"), error.code

go_on(services.claim, buyer_id=bob.pk, number=part.number, reason=Reason.DAMAGED, text="Torn")
key = Claim.objects.get().pk
go_on(services.contest, seller_id=alice.pk, claim_id=key, text="No")
go_on(services.hold, claim_id=key, staff_id=fay.pk)
go_on(services.decide, claim_id=key, staff_id=fay.pk, refund_minor=950, reason="A third.")
settle_down()
part.refresh_from_db()
books = sum(Account.objects.values_list("balance_minor", flat=True))
made = Claim.objects.get()
print(json.dumps([made.state, made.refund_minor, part.state, Refund.objects.get().state, books,
                  money_health().is_sound]))
"""


def _live(server: Server, point: str, number: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LIFE, point, number],
        env=server.environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_claim_survives_a_kill_at_this_point(engine: str, point: str, tmp_path: Path) -> None:
    with ENGINES[engine]() as database:
        server = Server(tmp_path)
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        number = server.run(_PEOPLE).splitlines()[-1]
        killed = _live(server, point, number)
        assert killed.returncode == -9, killed.stderr[-2000:]
        after = _live(server, "", number)
        assert after.returncode == 0, after.stderr[-2000:]
        end = ["decided", 950, "delivered", "done", 0, True]
        assert json.loads(after.stdout.splitlines()[-1]) == end

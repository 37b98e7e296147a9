"""A real process is killed by SIGKILL at each named point of a payment; another one ends what it began."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from beyou.core import crash
from tests.browser.server import ROOT, Server
from tests.faults.test_kill import ENGINES

POINTS = [name for name in crash.POINTS if name.startswith("payments.") and name != "payments.cancelled"]

_LIFE = """
import json, sys
import django; django.setup()
from uuid import UUID
from beyou.core import crash
from beyou.payments import queries, services
from beyou.payments.models import Payment
from tests.payments.bank import Deal, balance, outside, pass_ms, pay, run
from beyou.payments.rules import AccountKind
ids = [UUID(text) for text in json.loads(sys.argv[2])]
made = Deal(ids[0], ids[1], ids[2:4], {ids[4]: (1000, 50), ids[5]: (500, 25)}, "order")
if sys.argv[1]:
    crash.arm(sys.argv[1], hard=True)
else:
    pass_ms(200_000)
    run()
started = made.start()
pay(started.payment_id)
run()
services.refund(payment_id=started.payment_id, share_reference=ids[5], amount_minor=500,
                reason="t", idempotency_key="r")
run()
services.release(share_reference=ids[4])
services.hold_again(share_reference=ids[4])
services.release(share_reference=ids[4])
services.request_payout(seller_id=ids[2], currency="EUR", amount_minor=950, idempotency_key="p")
run()
sound = queries.money_health().is_sound
print(json.dumps([queries.state_of(ids[1]), outside(), balance(AccountKind.FEES), sound]))
"""
_PEOPLE = """
import json
from beyou.core.ids import uuid7
from tests.factories.members import member
people = [member("alice").pk, uuid7(), member("bob").pk, member("carol").pk, uuid7(), uuid7()]
print(json.dumps([str(each) for each in people]))
"""


def _live(server: Server, point: str, ids: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LIFE, point, ids],
        env=server.environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_payment_survives_a_kill_at_this_point(engine: str, point: str, tmp_path: Path) -> None:
    with ENGINES[engine]() as database, Server(tmp_path) as server:
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        ids = server.run(_PEOPLE)
        killed = _live(server, point, ids)
        assert killed.returncode == -9, killed.stderr[-2000:]
        after = _live(server, "", ids)
        assert after.returncode == 0, after.stderr[-2000:]
        assert json.loads(after.stdout.splitlines()[-1]) == ["settled", 50, 50, True]

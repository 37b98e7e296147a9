"""Kills the whole server again and again while accounts are erased and copies are made: both end whole."""

import json
import random
import time
from pathlib import Path

import pytest

from tests.browser.server import Server
from tests.faults.test_kill import ENGINES

KILLS = 12
MESSAGES = 6000

_SEED = f"""
import datetime as dt
from beyou.core import clock
from beyou.messaging.accept import accept_messages
from beyou.privacy import services
from beyou.users import deletion
from beyou.users.models import User
from tests.factories import members
from tests.messaging.world import chat, text_draft
alice, bob, charlie = members.alice(), members.bob(), members.charlie()
for other in (bob, charlie):
    conversation = chat(alice, other)
    for _ in range({MESSAGES} // 1000):
        accept_messages([text_draft(conversation, alice, "kanarienvogel") for _ in range(500)])
        accept_messages([text_draft(conversation, other, "mine") for _ in range(500)])
services.request_export(member_id=bob.pk)
"""

_LEAVE = """
import datetime as dt
from beyou.core import clock
from beyou.users import deletion
from beyou.users.models import User
alice = User.objects.get(handle="alice")
deletion.request_deletion(member_id=alice.pk)
User.objects.filter(pk=alice.pk).update(deletion_due_at=clock.now() - dt.timedelta(seconds=1))
from beyou.core.models import ScheduledJob
ScheduledJob.objects.update(due_ms=0)
"""

_STATE = """
import json
from beyou.core.models import ScheduledJob
from beyou.ledger.models import EntryRow, ErasureRow, OutboxRow, SaltRow
from beyou.messaging.models import Message, PendingErasure
from beyou.privacy.models import DataExport, Erasure
# A killed process delays its jobs by an interval; the test does not wait for that.
ScheduledJob.objects.update(due_ms=0)
print(json.dumps({
    "report": list(Erasure.objects.values_list("state", flat=True)),
    "export": list(DataExport.objects.values_list("state", flat=True)),
    "left": PendingErasure.objects.count(),
    "empty": Message.objects.filter(header=b"").count(),
    "whole": Message.objects.exclude(header=b"").count(),
    "records": ErasureRow.objects.count(),
    "seals": EntryRow.objects.filter(kind=4).count(),
    "salts": SaltRow.objects.count(),
    "waiting": OutboxRow.objects.count(),
}))
"""


def _state(server: Server) -> dict[str, object]:
    state: dict[str, object] = json.loads(server.run(_STATE))
    return state


def _wait(server: Server, wanted: dict[str, object], seconds: float) -> dict[str, object]:
    deadline = time.monotonic() + seconds
    while (state := _state(server)) | wanted != state and time.monotonic() < deadline:
        time.sleep(0.5)
    return state


@pytest.mark.parametrize("engine", ENGINES)
def test_an_erasure_and_a_copy_survive_kills(engine: str, tmp_path: Path) -> None:
    with ENGINES[engine]() as database:
        server = Server(tmp_path)
        if database:
            server.environment["BEYOU_DATABASE_URL"] = database
        server.migrate()
        server.run(_SEED)
        server.start()
        assert _wait(server, {"waiting": 0}, 60)["waiting"] == 0
        server.run(_LEAVE)
        for _ in range(KILLS):
            time.sleep(random.uniform(0.05, 0.9))
            server.kill()
            _state(server)
            server.start()
        try:
            done = {"report": ["done"], "left": 0, "waiting": 0, "export": ["ready"]}
            state = _wait(server, done, 150)
            half = MESSAGES
            assert state == done | {
                "empty": half, "whole": half, "records": half, "seals": half, "salts": half,
            }  # fmt: skip
            verified = server.command("verify")
            assert verified.returncode == 0, verified.stdout + verified.stderr
        finally:
            server.stop()

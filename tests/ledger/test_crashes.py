"""Sealers that are killed at every step and at random: nothing is lost, doubled or signed twice."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from beyou.ledger.format import Kind
from beyou.ledger.models import Alert, EntryRow, OutboxRow
from beyou.ledger.verification import Verification
from tests import children
from tests.ledger.log import Log, source_of

ROOT = Path(__file__).parents[2]
#: Within the transaction, behind its commit, within the writing of the file, behind it, and at the end.
STEPS = (
    *("after:insert_block", "after:commit_block", "before:flush_file"),
    *("after:flush_file", "after:checkpoint"),
)
MORE_STEPS = (
    *("before:commit_block", "before:insert_block", "after:insert_tiles", "before:delete_waiting"),
    *("after:delete_waiting", "before:high_water", "after:high_water", "before:checkpoint"),
)


@pytest.fixture
def log(transactional_db: None, tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path)
    log.seal()
    with source_of(log.messages):
        yield log


def start(log: Log, death: str = "never") -> subprocess.Popen[bytes]:
    name = str(connection.settings_dict["NAME"])
    arguments = ["-m", "tests.ledger.sealer_process", name, str(log.high_water), death]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]}
    return children.start(arguments, env=environment, stdout=subprocess.PIPE)


def start_working(log: Log) -> subprocess.Popen[bytes]:
    process = start(log)
    assert process.stdout is not None
    assert process.stdout.readline() == b"at work\n"
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def assert_whole(log: Log, said: list[UUID]) -> None:
    log.seal()
    assert not OutboxRow.objects.exists()
    assert not Alert.objects.exists()
    sealed = EntryRow.objects.filter(kind=Kind.MESSAGE).values_list("message_id", flat=True)
    assert sorted(sealed) == sorted(said)
    found = list(Verification(log.signer.verifier, log.high_water, log.messages).run())
    assert found == []


@pytest.mark.parametrize(
    "step", [*STEPS, *(pytest.param(step, marks=pytest.mark.faults) for step in MORE_STEPS)]
)
def test_a_sealer_that_dies_at_a_step_leaves_nothing_half_done(log: Log, step: str) -> None:
    said = log.grow(1, 5) + log.say(7)
    process = start(log, step)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    said += log.say(3)
    assert_whole(log, said)


def kill_again_and_again(log: Log, kills: int) -> None:
    """Two rival sealers; one after the other is killed at random while messages come in."""
    chance = random.Random()
    rivals = [start_working(log), start_working(log)]
    said: list[UUID] = []
    try:
        for _ in range(kills):
            until = time.monotonic() + chance.uniform(0.3, 1.2)
            while time.monotonic() < until:
                said += log.say(chance.randint(1, 20))
                time.sleep(0.005)
            victim = rivals.pop(0)
            assert victim.poll() is None, "a sealer ended by itself"
            kill(victim)
            rivals.append(start_working(log))
    finally:
        for rival in rivals:
            kill(rival)
    assert EntryRow.objects.filter(kind=Kind.MESSAGE).exists(), "no rival ever sealed"
    assert_whole(log, said)


def test_rivals_killed_at_random_lose_nothing(log: Log) -> None:
    kill_again_and_again(log, 2)


@pytest.mark.faults
@pytest.mark.parametrize("part", range(5))
def test_rivals_killed_fifty_times_lose_nothing(log: Log, part: int) -> None:
    kill_again_and_again(log, 10)

"""Blocks at the same moment as blocks and as friendships, on whatever engine the suite runs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from uuid import UUID

import pytest
from django.db import connection

from beyou.blocks import services
from beyou.blocks.models import UserBlock
from beyou.core import events
from beyou.core.errors import NotFound
from beyou.core.models import OutboxEvent
from beyou.friends import services as friends
from beyou.friends.models import FriendRequest, Friendship
from beyou.friends.rules import Step
from tests.factories import members

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(jobs: list[Callable[[], object]]) -> None:
    """Runs each job in a thread of its own, all begun together; raises what any of them raised."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        start.wait(timeout=30)
        try:
            job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(run, jobs))


def test_eight_blocks_at_once_are_one_row_and_one_fact() -> None:
    alice, mallory = members.alice(), members.mallory()
    at_once([lambda: services.block(member_id=alice.pk, other_id=mallory.pk)] * 8)
    assert UserBlock.objects.count() == 1
    facts = OutboxEvent.objects.filter(event="UserBlocked").values_list("handler", flat=True)
    assert len(facts) == len(set(facts)) > 0


def test_both_block_each_other_at_once() -> None:
    alice, mallory = members.alice(), members.mallory()
    pairs = [(alice.pk, mallory.pk), (mallory.pk, alice.pk)] * 4
    at_once([partial(services.block, member_id=one, other_id=other) for one, other in pairs])
    assert UserBlock.objects.count() == 2


def _accept(one: UUID, other: UUID) -> None:
    with suppress(NotFound):
        friends.take(member_id=one, other_id=other, step=Step.ACCEPT)


def test_who_befriends_while_being_blocked_ends_with_nothing() -> None:
    for number in range(4):
        alice, mallory = members.member(f"alice_{number}"), members.member(f"mallory_{number}")
        friends.take(member_id=mallory.pk, other_id=alice.pk, step=Step.REQUEST)
        at_once(
            [
                partial(_accept, alice.pk, mallory.pk),
                partial(services.block, member_id=alice.pk, other_id=mallory.pk),
            ]
        )
        while OutboxEvent.objects.exists():
            assert events.drain()
        assert not Friendship.objects.exists()
        assert not FriendRequest.objects.exists()

import pytest

from beyou.blocks import queries, services
from beyou.blocks.models import UserBlock
from beyou.core import events
from beyou.core.errors import InvalidInput
from beyou.friends.models import FriendRequest
from beyou.friends.queries import are_friends
from beyou.users.models import User
from tests.factories import members
from tests.factories.members import client_of
from tests.messaging.world import befriend

pytestmark = pytest.mark.django_db


def test_a_block_hides_both_from_each_other() -> None:
    alice, bob, mallory = members.alice(), members.bob(), members.mallory()
    services.block(member_id=alice.pk, other_id=mallory.pk)
    everybody = User.objects.order_by("handle")
    assert list(queries.visible_to(alice.pk, everybody)) == [alice, bob]
    assert list(queries.visible_to(mallory.pk, everybody)) == [bob, mallory]
    assert list(queries.visible_to(bob.pk, everybody)) == [alice, bob, mallory]
    assert queries.blocked_between(mallory.pk, [alice.pk, bob.pk]) == {alice.pk}


def test_blocking_twice_keeps_one_row_and_its_reason() -> None:
    alice, mallory = members.alice(), members.mallory()
    services.block(member_id=alice.pk, other_id=mallory.pk, reason="spam")
    services.block(member_id=alice.pk, other_id=mallory.pk, reason="other")
    assert UserBlock.objects.get().reason == "spam"


def test_unblocking_takes_back_only_the_own_block() -> None:
    alice, mallory = members.alice(), members.mallory()
    services.block(member_id=alice.pk, other_id=mallory.pk)
    services.block(member_id=mallory.pk, other_id=alice.pk)
    services.unblock(member_id=mallory.pk, other_id=alice.pk)
    assert queries.blocked_between(mallory.pk, [alice.pk]) == {alice.pk}


def test_nobody_blocks_oneself() -> None:
    alice = members.alice()
    with pytest.raises(InvalidInput):
        services.block(member_id=alice.pk, other_id=alice.pk)
    assert client_of(alice).post("/u/alice/block").status_code == 422


def test_the_list_is_ones_own() -> None:
    alice, mallory = members.alice(), members.mallory()
    client_of(alice).post("/u/mallory/block", {"reason": "Sells lamps that do not exist"})
    page = client_of(alice).get("/friends/blocked").content.decode()
    assert "Mallory" in page
    assert "lamps" in page
    assert "Nobody is blocked" in client_of(mallory).get("/friends/blocked").content.decode()
    assert client_of(mallory).post("/u/alice/unblock").status_code == 404
    assert client_of(alice).post("/u/mallory/unblock").status_code == 302
    assert not UserBlock.objects.exists()


def test_a_reason_is_one_line_without_nul() -> None:
    alice = members.alice()
    members.mallory()
    page = client_of(alice).post("/u/mallory/block", {"reason": " a\0b\n c "})
    assert "There is a problem" in page.content.decode()
    mallory = User.objects.get(handle="mallory")
    services.block(member_id=alice.pk, other_id=mallory.pk, reason=" a\0b\n c ")
    assert UserBlock.objects.get().reason == "a b c"


def test_an_endless_reason_comes_back_to_be_shortened() -> None:
    alice = members.alice()
    members.mallory()
    page = client_of(alice).post("/u/mallory/block", {"reason": "x" * 201}).content.decode()
    assert "There is a problem" in page
    assert "x" * 201 in page
    assert not UserBlock.objects.exists()


def test_the_reason_is_asked_shown_and_changed_for_its_owner_alone() -> None:
    alice, mallory = members.alice(), members.mallory()
    assert "A note for yourself" in client_of(alice).get("/u/mallory/block").content.decode()
    client_of(alice).post("/u/mallory/block", {"reason": "Lamps"})
    client_of(alice).post("/u/mallory/block-reason", {"reason": "Lamps & <chairs>"})
    assert "Lamps &amp; &lt;chairs&gt;" in client_of(alice).get("/friends/blocked").content.decode()
    assert UserBlock.objects.get().reason == "Lamps & <chairs>"
    refused = client_of(alice).post("/u/mallory/block-reason", {"reason": "x" * 201})
    assert refused.status_code == 422
    for other, handle in ((mallory, "alice"), (mallory, "mallory"), (alice, "nobody")):
        assert client_of(other).post(f"/u/{handle}/block-reason", {"reason": "x"}).status_code == 404
    assert UserBlock.objects.get().reason == "Lamps & <chairs>"


def test_unblocking_makes_nobody_a_friend_whatever_is_sent_along() -> None:
    alice, mallory = members.alice(), members.mallory()
    befriend(alice, mallory)
    client_of(alice).post("/u/mallory/block")
    client_of(alice).post("/u/mallory/unblock", {"restore_friendship": "yes"})
    events.drain()
    assert not are_friends(alice.pk, mallory.pk)
    assert not FriendRequest.objects.exists()

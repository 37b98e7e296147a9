"""From a blocked range nobody signs in, joins or uses a token, and nobody locks himself out."""

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.users import address_blocks
from beyou.users.address_rules import key_of, range_of
from beyou.users.errors import BlockedAlready, BlockOver, OwnAddress, RangeRefused
from beyou.users.models import AddressBlock, LoginActivity, MemberSession, User
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.members import PASSWORD, bearer

pytestmark = pytest.mark.django_db

INSIDE, OUTSIDE, OWN = "192.0.2.66", "198.51.100.7", "203.0.113.1"
DAY_MS = 86_400_000


def block(network: str = "192.0.2.0/24", days: int = 1, **changed: Any) -> AddressBlock:
    wanted = {"actor_id": uuid7(), "reason": "Guessing.", "own_address": OWN} | changed
    return address_blocks.block_addresses(network=network, days=days, **wanted)


def sign_in(address: str, email: str = "alice@example.org", password: str = PASSWORD) -> Any:
    return Client(REMOTE_ADDR=address).post("/sign-in", {"login": email, "password": password})


def test_keys_keep_the_order_of_addresses() -> None:
    ordered = [
        "::",
        "::1",
        "0.0.0.0",
        "9.255.255.255",
        "10.0.0.0",
        "192.0.2.66",
        "255.255.255.255",
        "2001:db8::1",
    ]
    keys = [key_of(address) for address in ordered]
    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {32}
    assert key_of("::ffff:192.0.2.66") == key_of("192.0.2.66")
    assert key_of("nonsense") == key_of("") == ""


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.66", "192.0.2.66/32"),
        (" 192.0.2.66/24 ", "192.0.2.0/24"),
        ("2001:DB8::1/48", "2001:db8::/48"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
    ],
)
def test_what_people_mean_by_a_range(text: str, network: str) -> None:
    assert range_of(text).network == network


@pytest.mark.parametrize(
    "network",
    ["", "x", "192.0.2.0/33", "300.1.1.1", "1.2.3", "fe80::1%eth0", "1" * 10_000, "0.0.0.0/0", "10.0.0.0/7",
     "::/0", "192.0.2.0/-1", "192.0.2.0/24;", "a\0b", "٣.0.2.1"],
)  # fmt: skip
def test_ranges_that_are_none_or_too_wide_are_refused(network: str) -> None:
    with pytest.raises(RangeRefused):
        block(network)
    assert not AddressBlock.objects.exists()
    assert not AuditRecord.objects.exists()


def test_nobody_blocks_where_he_is_and_days_have_bounds() -> None:
    for own in ("192.0.2.7", "::ffff:192.0.2.7"):
        with pytest.raises(OwnAddress):
            block(own_address=own)
    for days in (0, -1, 91):
        with pytest.raises(RangeRefused):
            block(days=days)
    assert not AddressBlock.objects.exists()


def test_nobody_signs_in_from_there_and_the_answer_tells_nothing_of_accounts() -> None:
    alice = members.alice()
    block()
    answers = [
        sign_in(INSIDE),
        sign_in(INSIDE, password="wrong wrong wrong"),
        sign_in(INSIDE, email="nobody@example.org"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert all("Signing in is not possible from here" in answer.content.decode() for answer in answers)
    rows = LoginActivity.objects.order_by("id").values_list("outcome", "member_id", "address_key")
    key = key_of(INSIDE)
    assert list(rows) == [("address_blocked", who, key) for who in (alice.pk, alice.pk, None)]
    assert not MemberSession.objects.exclude(member=None).exists()
    assert sign_in(OUTSIDE).status_code == 302


def test_nor_by_an_app() -> None:
    members.alice()
    block()
    answer = Client(REMOTE_ADDR=INSIDE).post(
        "/api/v1/auth/sign-in",
        {"email": "alice@example.org", "password": PASSWORD},
        content_type="application/json",
        headers={"X-Session-Token": ""},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "address_blocked")


def test_nor_with_a_token() -> None:
    _, text = members.token(members.alice())
    block()
    answer = Client(REMOTE_ADDR=INSIDE).get("/api/v1/me", **bearer(text))
    assert (answer.status_code, answer.json()["code"]) == (403, "address_blocked")
    assert Client(REMOTE_ADDR=OUTSIDE).get("/api/v1/me", **bearer(text)).status_code == 200


def test_nobody_joins_from_there() -> None:
    block()
    sent = {"handle": "newcomer", "email": "new@example.org", "password1": PASSWORD, "proof": "x"}
    page = Client(REMOTE_ADDR=INSIDE).post("/join", sent)
    assert "Signing in is not possible from here" in page.content.decode()
    assert not User.objects.filter(handle="newcomer").exists()


def test_who_is_signed_in_stays() -> None:
    client = members.client_of(members.alice())
    block()
    assert client.get("/home", REMOTE_ADDR=INSIDE).status_code == 200


def test_the_time_alone_ends_it() -> None:
    members.alice()
    first = block()
    assert address_blocks.is_blocked(INSIDE)
    assert not address_blocks.is_blocked("")
    clock.shift(DAY_MS + 1000)
    assert sign_in(INSIDE).status_code == 302
    with pytest.raises(BlockOver):
        address_blocks.lift_block(actor_id=uuid7(), block_id=first.pk, why="Over.", address=OWN)
    # The range can be blocked again, although nobody lifted the first block.
    block()
    assert address_blocks.is_blocked(INSIDE)


def test_blocks_are_lifted_once_and_audited() -> None:
    made, actor = block(), uuid7()
    with pytest.raises(BlockedAlready):
        block("192.0.2.99/24")
    address_blocks.lift_block(actor_id=actor, block_id=made.pk, why="A mistake.", address=OWN)
    assert not address_blocks.is_blocked(INSIDE)
    with pytest.raises(BlockOver):
        address_blocks.lift_block(actor_id=actor, block_id=made.pk, why="A mistake.", address=OWN)
    acts = list(AuditRecord.objects.order_by("id").values_list("act", "object_id"))
    assert acts == [("addresses.blocked", str(made.pk)), ("addresses.unblocked", str(made.pk))]


def test_the_preview_counts_people_once_and_costs_the_same() -> None:
    def hit() -> tuple[address_blocks.Hit, int]:
        with CaptureQueriesContext(connection) as caught:
            found = address_blocks.hit_by(range_of("192.0.2.0/24"))
        return found, len(caught)

    def arrive(who: list[User]) -> None:
        for person in who:
            for address in (INSIDE, "192.0.2.67", OUTSIDE):
                assert sign_in(address, person.email).status_code == 302

    arrive(members.members(2))
    found, few = hit()
    assert found == address_blocks.Hit(members=2, sign_ins=4, attempts=4)
    sign_in(INSIDE, "nobody@example.org")
    arrive(members.members(5, prefix="more"))
    found, many = hit()
    assert found == address_blocks.Hit(members=7, sign_ins=14, attempts=15)
    assert few == many == 3


@pytest.mark.django_db(transaction=True)
def test_of_blocks_made_at_once_one_stands_and_one_lift_counts() -> None:
    refused: list[Exception] = []

    def attempt(act: Any) -> None:
        try:
            act()
        except (BlockedAlready, BlockOver) as error:
            refused.append(error)

    at_once([partial(attempt, block) for _ in range(4)])
    (made,) = AddressBlock.objects.all()
    lift = partial(address_blocks.lift_block, actor_id=uuid7(), block_id=made.pk, why="Enough.", address=OWN)
    at_once([partial(attempt, lift) for _ in range(4)])
    assert len(refused) == 6
    assert AuditRecord.objects.filter(act="addresses.unblocked").count() == 1

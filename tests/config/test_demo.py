"""The demo: members in both modes, with keys that open what they say, and nowhere but in development."""

import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.management import CommandError, call_command
from django.test import Client

from beyou.config import demo_drawings, demo_keys, demo_market, demo_staff, demo_trades
from beyou.disputes.models import Claim
from beyou.keys.queries import active_key_sets
from beyou.marketplace.models import Item
from beyou.marketplace.queries import buyable_for
from beyou.marketplace.rules import State
from beyou.messaging import sealing
from beyou.messaging.envelope import Wrap
from beyou.messaging.models import Message, MessageWrap, Mode
from beyou.offers.models import Offer, Voucher
from beyou.orders.models import Order, SubOrder
from beyou.payments.queries import money_health
from beyou.reviews.models import Rating
from beyou.search.models import Document
from beyou.users import factors, queries
from beyou.users.models import User
from beyou.verification import queries as verification
from tests.orders.world import offer, trader

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path
    # Drawing two dozen pictures takes seconds; one test below does it.
    monkeypatch.setattr(demo_market, "ITEMS", demo_market.ITEMS[:2])


def _seed() -> str:
    out = StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


def _keys(handle: str) -> list[RSAPrivateKey]:
    """What the recovery file holds: the encryption key, then the signing key."""
    blocks = demo_keys.recovery_path(handle).read_text().split("-----BEGIN ")[1:]
    keys = [
        load_pem_private_key(f"-----BEGIN {block}".encode(), demo_keys.PASSPHRASE.encode())
        for block in blocks
    ]
    assert all(isinstance(key, RSAPrivateKey) for key in keys)
    return keys  # type: ignore[return-value]


def test_both_modes_are_there_and_the_sealed_one_opens_with_the_file() -> None:
    assert "/dev/keys" in _seed()
    assert set(Message.objects.values_list("mode", flat=True)) == {Mode.STANDARD, Mode.END_TO_END}
    dana = User.objects.get(handle="dana")
    decryption_key, _ = _keys("dana")
    row = Message.objects.filter(mode=Mode.END_TO_END).order_by("seq")[0]
    sender = active_key_sets([row.sender_id])[row.sender_id]
    wrap = MessageWrap.objects.get(message=row, member_id=dana.pk)
    opened = sealing.open_envelope(
        header=bytes(row.header),
        body=bytes(row.body),
        signature=bytes(row.signature),
        wrap=Wrap(wrap.key_set, bytes.fromhex(wrap.key_id), bytes(wrap.wrap)),
        decryption_key=decryption_key,
        sign_spki=sender.sign_spki,
    )
    assert "lamp" in opened.payload["text"]


def test_the_file_opens_with_openssl() -> None:
    _seed()
    done = subprocess.run(
        ["openssl", "pkey", "-in", str(demo_keys.recovery_path("charlie")), "-noout",
         "-passin", f"pass:{demo_keys.PASSPHRASE}"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_new_user_can_open_the_staff_pages_with_the_shown_code(settings: Any) -> None:
    said = _seed()
    assert "/dev/code" in said
    settings.MODE = "test"
    assert Client().get("/dev/code").status_code == 404
    settings.MODE = "development"
    shown = demo_staff.present_code()
    assert shown is not None
    assert shown.code in Client().get("/dev/code").content.decode()
    sam = User.objects.get(handle="sam")
    assert queries.levels_of(sam.pk) == {"owner"}
    factors.prove_code(member_id=sam.pk, typed=shown.code)
    waiting = verification.queue_for(sam.pk, frozenset({"owner"})).lines
    assert [line.request.member.handle for line in waiting] == ["charlie"]


def test_a_second_time_adds_nothing() -> None:
    _seed()
    before = [User.objects.count(), Message.objects.count()]
    assert "no demo was added" in _seed()
    assert [User.objects.count(), Message.objects.count()] == before


def test_production_refuses(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError):
        _seed()
    assert not User.objects.exists()
    assert not demo_keys.folder().exists()


def test_the_files_are_handed_out_only_in_development(settings: Any) -> None:
    _seed()
    for mode, status in (("test", 404), ("production", 404), ("development", 200)):
        settings.MODE = mode
        assert Client().get("/dev/keys").status_code == status
        assert Client().get("/dev/keys/dana.pem").status_code == status
    assert Client().get("/dev/keys/alice.pem").status_code == 404
    assert demo_keys.PASSPHRASE in Client().get("/dev/keys").content.decode()


ALL_ITEMS = demo_market.ITEMS


def test_the_market_has_two_dozen_believable_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_market, "ITEMS", ALL_ITEMS)
    _seed()
    items = list(Item.objects.select_related("seller").prefetch_related("images", "variants"))
    assert len(items) == len({item.title for item in items}) == 24
    assert {each[0] for each in ALL_ITEMS} == set(demo_drawings.DRAWINGS)
    assert sum(item.state == State.SOLD for item in items) == 4
    for item in items:
        assert item.state in (State.AVAILABLE, State.SOLD)
        assert item.seller.is_verified
        assert item.images.count() == item.variants.count() == 1
    assert len({item.seller_id for item in items}) == 3
    assert sorted(Offer.objects.values_list("buyer__handle", "seller__handle", "turn")) == [
        ("bob", "erin", "seller"), ("bob", "finn", "buyer"), ("erin", "bob", "seller"),
    ]  # fmt: skip
    assert Voucher.objects.get().seller.handle == "erin"


def test_a_market_of_any_size_can_be_found_and_bought() -> None:
    _seed()
    out = StringIO()
    call_command("demo", "--items", "1500", stdout=out)
    assert "1,500 of 1,500 items" in out.getvalue()
    assert Item.objects.filter(state=State.AVAILABLE).count() == 1_502
    item = Item.objects.exclude(seller__is_demo=True)[0]
    buyer = User.objects.get(handle="alice")
    (variant,) = item.variants.all()
    assert buyable_for(buyer.pk, [variant.pk])[variant.pk].available == 1
    assert Document.objects.filter(kind="item", ref=item.pk).exists()


def test_trades_stand_at_each_point_of_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_market, "ITEMS", ALL_ITEMS[:9])
    _seed()
    assert sorted(SubOrder.objects.values_list("state", flat=True)) == [
        "delivered",
        "disputed",
        "paid",
        "shipped",
    ]
    assert Claim.objects.get().state == "open"
    assert Rating.objects.exclude(shown_at=None).count() == 2
    assert money_health().is_sound


def test_where_only_real_money_pays_nothing_is_bought(settings: Any) -> None:
    settings.PAYMENT_GATEWAY = "stripe"
    sellers = [trader(handle) for handle in ("alice", "bob", "charlie")]
    for seller in sellers:
        for number in range(3):
            offer(seller, title=f"Thing {number}")
    demo_trades.trade([seller.pk for seller in sellers])
    assert not Order.objects.exists()

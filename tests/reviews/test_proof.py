"""An order and its ratings, proven offline by both sides; whatever is changed in the database shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model

from beyou.core import work
from beyou.core.errors import NotFound
from beyou.core.ids import uuid7
from beyou.ledger.models import OutboxRow, StepRow
from beyou.ledger.steps import Step
from beyou.orders import queries, services
from beyou.orders.errors import OrderMoved
from beyou.orders.models import OrderLine, SubOrder
from beyou.orders.rules import Actor
from beyou.reviews.models import Rating
from beyou.reviews.services import rate, show_due
from tests.factories.members import client_of
from tests.orders.world import begin, buy, offer, pay, settle_down, trader, use_card
from tests.privacy.world import findings, leave, pass_days, seal
from tests.reviews.world import both_rate
from tests.verifier.standalone import installed

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    settings.DATA_DIR = tmp_path
    with installed(monkeypatch):
        yield tmp_path


def delivered() -> SubOrder:
    """alice's lamp, paid by bob, shipped, corrected and delivered."""
    alice, bob = trader("alice"), trader("bob")
    part = buy(bob, offer(alice)).parts.get()
    services.ship(seller_id=alice.pk, number=part.number, carrier="Post", tracking="NL 1")
    services.ship(seller_id=alice.pk, number=part.number, carrier="Post", tracking="NL 2")
    services.confirm(buyer_id=bob.pk, number=part.number)
    settle_down()
    part.refresh_from_db()
    return part


def steps(part: SubOrder) -> list[str]:
    rows = StepRow.objects.filter(part_id=part.pk).order_by("number")
    return [Step(row.step).name.lower() for row in rows]


def checked(folder: Path, value: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """What the stand-alone checker says: exit status and text."""
    from beyou_ledger.cli import main

    (folder / "receipt.json").write_text(json.dumps(value))
    status = main(["receipt", str(folder / "receipt.json")])
    return status, capsys.readouterr().out


def test_both_sides_prove_the_whole_life_of_an_order_without_the_server(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = delivered()
    both_rate(part, of_seller=4)
    assert steps(part) == ["placed", "paid", "shipped", "corrected", "delivered", "rated", "rated"]
    bought = queries.bought_receipt(part.order.buyer_id, part.order.number)
    status, said = checked(folder, bought, capsys)
    assert (status, "7 of 7 steps are not sealed yet" in said) == (2, True)
    seal(folder)
    for value in (
        queries.bought_receipt(part.order.buyer_id, part.order.number),
        queries.sold_receipt(part.seller_id, part.number),
    ):
        status, said = checked(folder, value, capsys)
        assert status == 0
        assert "All 7 steps are as they were sealed." in said
        assert '"title": "Brass lamp"' in said
        assert "total_minor: 2850" in said
        assert "stars: 4" in said
    assert findings(folder) == []


def test_a_receipt_that_was_improved_is_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = delivered()
    both_rate(part)
    seal(folder)
    whole = queries.sold_receipt(part.seller_id, part.number)

    def altered(change: str, to: str) -> dict[str, object]:
        return dict(json.loads(json.dumps(whole).replace(change, to, 1)))

    cheaper = altered('\\"total_minor\\":2850', '\\"total_minor\\":1850')
    prettier = altered('\\"stars\\":5', '\\"stars\\":1')
    hidden = whole | {"steps": [step for step in whole["steps"] if step["number"] != 6]}
    for value in (cheaper, prettier, hidden):
        assert checked(folder, value, capsys)[0] == 1
    # What comes last can only be missed with a later receipt; the number of the rating tells of it.
    assert checked(folder, whole | {"steps": whole["steps"][:-1]}, capsys)[0] == 0


@pytest.mark.parametrize(
    ("model", "change", "kind"),
    [
        (SubOrder, {"tracking": "NL 3"}, "order_altered"),
        (SubOrder, {"state": "refunded"}, "order_altered"),
        (OrderLine, {"title": "Gold lamp"}, "order_altered"),
        (OrderLine, {"description": "Heavier"}, "order_altered"),
        (Rating, {"stars": 1}, "order_altered"),
        (Rating, {"text": "Never again."}, "order_altered"),
        (Rating, {"number": None}, "order_altered"),
        (StepRow, {"document": b"{}"}, "step_altered"),
        (StepRow, {"actor_id": None}, "step_altered"),
    ],
)
def test_what_is_edited_in_the_database_is_named(
    folder: Path, model: type[Model], change: dict[str, object], kind: str
) -> None:
    part = delivered()
    both_rate(part)
    seal(folder)
    rows = model._default_manager.order_by("pk")
    rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:1])).update(**change)
    assert kind in findings(folder)


def test_a_rating_that_is_deleted_or_made_up_is_named(folder: Path) -> None:
    part = delivered()
    both_rate(part)
    seal(folder)
    rating = Rating.objects.get(side="buyer")
    Rating.objects.filter(pk=rating.pk).delete()
    assert findings(folder) == ["order_altered"]
    other = delivered_between(part)
    rating.exchange_id = rate_alone(other).exchange_id
    rating.pk, rating.number = other.pk, 9
    Rating.objects.bulk_create([rating])
    assert findings(folder) == ["order_altered", "order_altered"]


def delivered_between(part: SubOrder) -> SubOrder:
    """A second order of the same two."""
    again = buy(part.order.buyer, offer(part.seller, "Oak chair")).parts.get()
    services.ship(seller_id=part.seller_id, number=again.number, carrier="Post", tracking="")
    services.confirm(buyer_id=part.order.buyer_id, number=again.number)
    settle_down()
    return again


def rate_alone(part: SubOrder) -> Rating:
    """Only the seller's rating, which nobody else reads yet."""
    return rate(member_id=part.seller_id, number=part.number, stars=3, text="Hm.")


def test_a_rating_that_waits_for_the_other_side_is_in_no_receipt(folder: Path) -> None:
    part = delivered()
    rate_alone(part)
    assert steps(part)[-1] == "delivered"
    # What is reworded after it was read is recorded again, with the number that it has.
    rate(member_id=part.order.buyer_id, number=part.number, stars=5, text="Fine.")
    rate(member_id=part.order.buyer_id, number=part.number, stars=5, text="Very fine.")
    assert steps(part)[-3:] == ["rated", "rated", "rated"]
    seal(folder)
    assert findings(folder) == []


def test_a_step_and_its_entry_are_there_together_or_not_at_all(folder: Path) -> None:
    part = delivered()
    seal(folder)
    before = steps(part)
    with pytest.raises(OrderMoved):
        services.ship(seller_id=part.seller_id, number=part.number, carrier="Post", tracking="NL 9")
    with transaction.atomic():
        services.freeze(part_id=part.pk, buyer_id=part.order.buyer_id)
        transaction.set_rollback(True)
    assert steps(part) == before
    assert not OutboxRow.objects.exists()
    assert findings(folder) == []
    services.freeze(part_id=part.pk, buyer_id=part.order.buyer_id)
    services.thaw(part_id=part.pk, refund_minor=850, actor=Actor.STAFF, actor_id=None, key="claim-1")
    settle_down()
    assert steps(part) == [*before, "disputed", "settled", "refunded"]
    seal(folder)
    assert findings(folder) == []


def test_a_checkout_that_is_begun_anew_gives_up_what_was_placed(folder: Path) -> None:
    alice, bob = trader("alice"), trader("bob")
    order = begin(bob, offer(alice))
    with pytest.raises(NotFound):
        queries.bought_receipt(bob.pk, order.number)
    pay(order)
    first = order.parts.get()
    services.stop(member_id=bob.pk)
    services.start(member_id=bob.pk)
    assert steps(first) == ["placed", "cancelled"]
    pay(order)
    use_card(order)
    assert steps(order.parts.get()) == ["placed", "paid"]
    seal(folder)
    assert findings(folder) == []
    other = begin(bob, offer(alice, "Oak chair"))
    pay(other)
    services.cancel(member_id=bob.pk, number=other.number)
    assert steps(other.parts.get()) == ["placed", "cancelled"]
    seal(folder)
    assert findings(folder) == []


def test_an_order_of_which_nothing_was_recorded_is_named(folder: Path) -> None:
    part = delivered()
    seal(folder)
    made_up = SubOrder.objects.get(pk=part.pk)
    order = made_up.order
    order.pk, order.number = part.pk, "AAAA-AAAA-AAAA"
    type(order).objects.bulk_create([order])
    made_up.pk, made_up.number, made_up.order, made_up.share_reference = uuid7(), "B", order, None
    SubOrder.objects.bulk_create([made_up])
    assert findings(folder) == ["order_altered"]


def test_what_an_erased_member_did_is_gone_and_the_other_side_still_proves_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part = delivered()
    both_rate(part)
    seal(folder)
    leave(part.order.buyer, folder)
    value = queries.sold_receipt(part.seller_id, part.number)
    status, said = checked(folder, value, capsys)
    assert status == 0
    assert said.count("ERASED") == 3  # placed, delivered, rated by the buyer
    assert said.count("GOOD") == 4
    assert findings(folder) == []


def test_what_follows_after_a_member_is_erased_is_erased_too(folder: Path) -> None:
    part = delivered()
    rate_alone(part)
    leave(part.seller, folder)
    pass_days(31)
    assert show_due() == 1
    seal(folder)
    pass_days(32)
    while work.run_once():
        pass
    seal(folder)
    said = StepRow.objects.filter(actor_id=part.seller_id, document__isnull=False)
    assert not said.exists()
    assert findings(folder) == []


def test_the_files_are_for_the_two_sides_alone(folder: Path) -> None:
    part = delivered()
    number, buyer, seller = part.order.number, part.order.buyer, part.seller
    mallory = trader("mallory")
    for member, path, expected in (
        (buyer, f"/orders/{number}/proof.json", 200),
        (seller, f"/orders/{number}/proof.json", 404),
        (mallory, f"/orders/{number}/proof.json", 404),
        (seller, f"/selling/orders/{part.number}/proof.json", 200),
        (buyer, f"/selling/orders/{part.number}/proof.json", 404),
        (mallory, f"/selling/orders/{part.number}/proof.json", 404),
    ):
        assert client_of(member).get(path).status_code == expected
    api = {
        "buyer": f"/api/v1/orders/{number}/receipt",
        "seller": f"/api/v1/selling/orders/{part.number}/receipt",
    }
    for name, member in (("buyer", buyer), ("seller", seller)):
        found = client_of(member).get(api[name])
        assert found.status_code == 200, found.content
        assert found.json()["format"].startswith("beyou/order-receipt")
    assert "fee" not in json.dumps(queries.bought_receipt(buyer.pk, number))


def test_the_page_says_how_much_is_sealed(folder: Path) -> None:
    part = delivered()
    client = client_of(part.order.buyer)
    page = client.get(f"/orders/{part.order.number}").content.decode()
    assert "0 of 5 steps are sealed" in page
    seal(folder)
    page = client.get(f"/orders/{part.order.number}").content.decode()
    assert "All 5 steps are sealed in the ledger" in page
    sale = client_of(part.seller).get(f"/selling/orders/{part.number}").content.decode()
    assert "All 5 steps are sealed in the ledger" in sale

"""Steps of orders: recorded with what they are about, sealed, proven, and every alteration named."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as instance
from django.db import DatabaseError, connection, transaction

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.ids import uuid7
from beyou.ledger import leaving, queries, services
from beyou.ledger.format import ZEROS, FormatError, Kind, Reason
from beyou.ledger.models import EntryRow, ErasureRow, OutboxRow, PendingErasure, SaltRow, StepRow
from beyou.ledger.note import Signer
from beyou.ledger.services import NewStep, record_steps
from beyou.ledger.sources import Difference, StoredStep
from beyou.ledger.steps import Actor, Step, StepOpening, is_in_order, step_commitment
from beyou.ledger.verification import Verification
from tests.ledger.log import Log, guarded

BUYER, SELLER = uuid7(), uuid7()
_WHO = {
    Step.PLACED: (Actor.BUYER, BUYER),
    Step.PAID: (Actor.GATEWAY, None),
    Step.SHIPPED: (Actor.SELLER, SELLER),
    Step.DELIVERED: (Actor.BUYER, BUYER),
}
TAKEN = tuple(_WHO)


def step_of(part: UUID, step: Step, **facts: object) -> NewStep:
    actor, member = _WHO.get(step, (Actor.CLOCK, None))
    return NewStep(part, step, actor, member, {"step": step.name, **facts}, clock.now_ms())


def take(part: UUID, *steps: Step) -> None:
    """Each step in a transaction of its own."""
    for step in steps:
        with transaction.atomic():
            record_steps([step_of(part, step)])


@pytest.fixture
def log(db: None, tmp_path: Path) -> Log:
    """A log under the key of the instance, which signs erasures."""
    return Log(tmp_path, signer=Signer(instance.LEDGER_ORIGIN, instance.LEDGER_KEY_SEED))


@pytest.fixture
def part(log: Log) -> UUID:
    """A part of an order that was placed, paid, shipped and delivered, and another one beside it."""
    part, other = uuid7(), uuid7()
    for step in TAKEN:
        take(part, step)
        take(other, step)
        log.seal()
    return part


class Orders:
    """An app that stores orders, in memory: the number of steps of each part."""

    def __init__(self, **parts: int) -> None:
        self.stored: dict[UUID, int] = {}
        self.asked = 0

    def part_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        return sorted(part for part in self.stored if after is None or part > after)[:limit]

    def differences(self, steps: Mapping[UUID, Sequence[StoredStep]]) -> Iterator[Difference]:
        self.asked += 1
        for part, taken in steps.items():
            if self.stored.get(part, 0) != len(taken):
                yield Difference(part, f"part {part}", "has another number of steps")


def found(log: Log, *sources: Orders) -> list[str]:
    verification = Verification(log.signer.verifier, log.high_water, log.messages, step_sources=sources)
    return [f"{finding.kind} {finding}" for finding in verification.run()]


def first(log: Log, *sources: Orders) -> str:
    return next(iter(found(log, *sources)), "")


def test_a_step_waits_with_what_it_is_about_or_not_at_all(log: Log) -> None:
    part = uuid7()
    with transaction.atomic():
        record_steps([step_of(part, Step.PLACED)])
        transaction.set_rollback(True)
    assert not StepRow.objects.exists()
    assert not OutboxRow.objects.filter(kind=Kind.STEP).exists()
    assert not SaltRow.objects.exists()
    take(part, Step.PLACED, Step.PAID)
    assert list(StepRow.objects.order_by("number").values_list("number", "step")) == [(1, 1), (2, 2)]
    assert OutboxRow.objects.filter(kind=Kind.STEP).count() == SaltRow.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_record_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record_steps([step_of(uuid7(), Step.PLACED)])
    assert services.record_steps([]).entries == 0


def test_any_number_of_steps_takes_as_many_statements(log: Log, django_assert_num_queries: Any) -> None:
    parts = [uuid7() for _ in range(20)]
    for some in (parts[:1], parts[1:]):
        with django_assert_num_queries(4):
            record_steps([step_of(part, Step.PLACED) for part in some])
    assert set(StepRow.objects.values_list("number", flat=True)) == {1}


def test_two_steps_of_one_part_at_once_have_two_numbers(log: Log) -> None:
    part = uuid7()
    with transaction.atomic():
        record_steps([step_of(part, Step.PLACED), step_of(part, Step.PAID)])
    assert list(StepRow.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_the_log_says_nothing_of_a_step(log: Log, part: UUID) -> None:
    rows = EntryRow.objects.filter(kind=Kind.STEP)
    assert rows.count() == 8
    said = b"".join(bytes(row.entry) for row in rows)
    for private in (part.bytes, BUYER.bytes, SELLER.bytes, b"SHIPPED"):
        assert private not in said
    assert not rows.exclude(conversation_id=None).exists()
    # The same step twice gives two values, so nobody can guess what an entry is.
    one, two = (StepOpening(Step.PAID, Actor.CLOCK, part, part, None, 1, 1, ZEROS) for _ in range(2))
    assert step_commitment(b"1" * 32, one) != step_commitment(b"2" * 32, two)


def test_untouched_steps_are_as_they_were_sealed(log: Log, part: UUID) -> None:
    assert found(log) == []


def altered(part: UUID, **fields: object) -> None:
    """The third step of the part is another one in the database."""
    assert StepRow.objects.filter(part_id=part, number=3).update(**fields) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("document", b'{"step":"PAID"}'),
        ("document", None),
        ("step", int(Step.DELIVERED)),
        ("step", 99),
        ("actor", int(Actor.BUYER)),
        ("actor", 99),
        ("actor_id", BUYER),
        ("actor_id", None),
        ("at_ms", 5),
        ("at_ms", -5),
        ("number", 7),
        ("number", -7),
        ("part_id", uuid7()),
    ],
)
def test_each_altered_column_names_the_step(log: Log, part: UUID, column: str, value: object) -> None:
    altered(part, **{column: value})
    seq = EntryRow.objects.filter(kind=Kind.STEP).order_by("seq").values_list("seq", flat=True)[4]
    assert first(log).startswith("step_altered step ")
    assert f"(entry {seq} in block " in first(log)


def test_an_altered_salt_names_the_step(log: Log, part: UUID) -> None:
    step = StepRow.objects.get(part_id=part, number=2)
    SaltRow.objects.filter(message_id=step.id).update(salt=bytes(32))
    assert first(log).startswith(f"step_altered step 2 of order part {part}")
    SaltRow.objects.filter(message_id=step.id).delete()
    assert first(log).startswith(f"salt_missing step 2 of order part {part}")


def test_a_step_that_was_cut_out_is_named(log: Log, part: UUID) -> None:
    step = StepRow.objects.get(part_id=part, number=2)
    StepRow.objects.filter(id=step.id).delete()
    assert first(log).startswith(f"step_missing step {step.id}")


def test_a_step_that_was_slipped_in_is_named(log: Log, part: UUID) -> None:
    StepRow.objects.create(id=uuid7(), part_id=part, number=5, step=5, actor=4, at_ms=1, document=b"{}")
    assert found(log) == [f"step_unrecorded step 5 of order part {part}: is stored but was never recorded"]


def test_steps_that_changed_places_are_both_named(log: Log, part: UUID) -> None:
    one, two = (StepRow.objects.get(part_id=part, number=number) for number in (2, 3))
    for row, number in ((one, 99), (two, 2), (one, 3)):
        StepRow.objects.filter(id=row.id).update(number=number)
    assert [line.split()[0] for line in found(log)][:2] == ["step_altered", "step_altered"]


def test_steps_in_an_order_that_cannot_be_are_named(log: Log) -> None:
    part = uuid7()
    take(part, Step.PLACED, Step.SHIPPED)
    log.seal()
    assert first(log).startswith(f"step_order step 2 of order part {part}")


def test_a_step_that_was_recorded_with_a_hole_before_it_is_named(log: Log) -> None:
    part = uuid7()
    take(part, Step.PLACED)
    # As a server would that wants to hide a step: it never records number 2.
    hidden = StepRow.objects.create(id=uuid7(), part_id=part, number=2, step=2, actor=4, at_ms=1)
    take(part, Step.PAID)
    StepRow.objects.filter(id=hidden.id).delete()
    log.seal()
    assert first(log).startswith(f"step_gap step 3 of order part {part}")


@pytest.mark.django_db(transaction=True)
def test_triggers_refuse_what_verification_would_find(log: Log, part: UUID) -> None:
    with guarded():
        for change in ({"number": 9}, {"at_ms": 1}, {"document": b"{}"}, {"actor_id": None}):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                altered(part, **change)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            StepRow.objects.filter(part_id=part).delete()
        altered(part, document=None)


# What an app stores of orders


def test_an_app_that_stores_something_else_than_it_recorded_is_named(log: Log, part: UUID) -> None:
    orders = Orders()
    orders.stored = dict.fromkeys(StepRow.objects.values_list("part_id", flat=True), 4)
    assert found(log, orders) == []
    orders.stored[part] = 5
    assert found(log, orders) == [f"order_altered part {part}: has another number of steps"]


def test_a_part_that_was_never_recorded_is_named(log: Log, part: UUID) -> None:
    orders = Orders()
    orders.stored = dict.fromkeys(StepRow.objects.values_list("part_id", flat=True), 4)
    orders.stored[new := uuid7()] = 1
    assert found(log, orders) == [f"order_altered part {new}: has another number of steps"]


def test_a_step_that_is_taken_while_we_look_is_no_alarm(log: Log, part: UUID) -> None:
    class Moving(Orders):
        def differences(self, steps: Mapping[UUID, Sequence[StoredStep]]) -> Iterator[Difference]:
            if not self.asked:
                # Somebody takes a step between the look at the ledger and the look at the order.
                take(part, Step.RATED)
                self.stored[part] = 5
            yield from super().differences(steps)

    orders = Moving()
    orders.stored = dict.fromkeys(StepRow.objects.values_list("part_id", flat=True), 4)
    assert found(log, orders) == []
    assert orders.asked > 1


# Receipts


def test_a_receipt_says_of_each_step_how_it_stands(log: Log, part: UUID) -> None:
    take(part, Step.RATED)
    receipt = queries.step_receipt(part)
    assert [step["state"] for step in receipt["steps"]] == ["sealed"] * 4 + ["waiting"]
    assert receipt["steps"][4] == {"number": 5, "step": "rated", "state": "waiting"}
    assert receipt["checkpoint"] == queries.checkpoint().note
    log.seal()
    assert queries.step_receipt(part)["steps"][4]["state"] == "sealed"


def test_a_receipt_before_the_first_seal_has_no_checkpoint(db: None) -> None:
    take(part := uuid7(), Step.PLACED)
    receipt = queries.step_receipt(part)
    assert receipt["checkpoint"] is None
    assert [step["state"] for step in receipt["steps"]] == ["waiting"]
    with pytest.raises(NotFound):
        queries.step_receipt(uuid7())


def test_a_receipt_takes_as_many_statements_for_any_number_of_steps(
    log: Log, part: UUID, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        take(part, Step.RATED)
    log.seal()
    with django_assert_max_num_queries(8):
        assert len(queries.step_receipt(part)["steps"]) == 24


def test_pages_see_which_steps_are_sealed(log: Log, part: UUID, django_assert_num_queries: Any) -> None:
    take(part, Step.RATED)
    with django_assert_num_queries(3):
        steps = queries.steps_of([part, uuid7()])[part]
    assert [step.seq is not None for step in steps] == [True] * 4 + [False]
    assert [step.step for step in steps] == [*TAKEN, Step.RATED]


# Erasure


def erase(member: UUID) -> None:
    services.begin_step_erasure(member_id=member)
    services.begin_step_erasure(member_id=member)
    while leaving.erase_next_steps():
        pass


def test_the_steps_of_an_erased_member_lose_what_they_said_and_others_hold(log: Log, part: UUID) -> None:
    erase(SELLER)
    log.seal()
    assert not leaving.is_erasing(SELLER)
    assert list(StepRow.objects.filter(document=None).values_list("step", flat=True)) == [3, 3]
    assert found(log) == []
    states = [step["state"] for step in queries.step_receipt(part)["steps"]]
    assert states == ["sealed", "sealed", "erased", "sealed"]
    assert "salt" not in queries.step_receipt(part)["steps"][2]
    assert [step.is_erased for step in queries.steps_of([part])[part]] == [False, False, True, False]


def test_an_erasure_waits_for_the_seal(log: Log) -> None:
    part = uuid7()
    take(part, Step.PLACED)
    erase(BUYER)
    assert leaving.is_erasing(BUYER)
    assert StepRow.objects.get().document is not None
    log.seal()
    PendingErasure.objects.update(due_ms=0)
    assert leaving.erase_next_steps()
    assert StepRow.objects.get().document is None
    assert queries.step_receipt(part)["steps"][0] == {"number": 1, "step": "placed", "state": "erasing"}
    log.seal()
    assert queries.step_receipt(part)["steps"][0]["state"] == "erased"
    assert found(log) == []


def test_a_pretended_erasure_is_found(log: Log, part: UUID) -> None:
    step = StepRow.objects.get(part_id=part, number=3)
    seq = EntryRow.objects.get(message_id=step.id).seq
    altered(part, document=None)
    SaltRow.objects.filter(message_id=step.id).delete()
    ErasureRow.objects.create(seq=seq, message_id=step.id, day=20_000, reason=1, signature=bytes(64))
    assert first(log).startswith(f"erasure_forged step {step.id}")


def test_a_document_that_outlived_its_erasure_is_found(log: Log, part: UUID) -> None:
    kept = StepRow.objects.get(part_id=part, number=3)
    erase(SELLER)
    log.seal()
    altered(part, document=bytes(kept.document or b""))
    assert first(log).startswith(f"erasure_unfinished step {kept.id}")


def test_an_erasure_of_steps_is_ordered_for_a_reason(log: Log, part: UUID) -> None:
    erase(SELLER)
    assert set(ErasureRow.objects.values_list("reason", flat=True)) == {Reason.ACCOUNT}


# Bytes


def opening(**changes: Any) -> StepOpening:
    fields = {
        "step": Step.SHIPPED, "actor": Actor.SELLER, "id": uuid7(), "part": uuid7(), "member": uuid7(),
        "number": 3, "at_ms": 5, "document": ZEROS,
    }  # fmt: skip
    return StepOpening(**(fields | changes))


def test_an_opening_is_read_as_it_was_written() -> None:
    for each in (opening(), opening(member=None), opening(number=2**64 - 1, flags=5)):
        assert StepOpening.parse(each.encode()) == each


@pytest.mark.parametrize(
    "changes", [{"number": -1}, {"number": 2**64}, {"at_ms": -1}, {"document": b"short"}, {"flags": 2**16}]
)
def test_what_does_not_fit_an_opening_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        opening(**changes).encode()


def test_other_bytes_are_no_opening() -> None:
    data = opening().encode()
    for wrong in (data[:-1], data + b"\0", b"\0" + data[1:], data[:1] + b"\x09" + data[2:]):
        with pytest.raises(FormatError):
            StepOpening.parse(wrong)
    with pytest.raises(FormatError):
        step_commitment(b"short", opening())


@pytest.mark.parametrize(
    ("earlier", "step", "may"),
    [
        ([], Step.PLACED, True),
        ([], Step.PAID, False),
        ([Step.PLACED], Step.PLACED, True),
        ([Step.PLACED, Step.PAID], Step.PLACED, False),
        ([Step.PLACED, Step.PAID], Step.PAID, False),
        ([Step.PLACED, Step.PAID], Step.DELIVERED, False),
        ([Step.PLACED, Step.PAID, Step.SHIPPED], Step.CALLED_OFF, False),
        ([Step.PLACED, Step.PAID, Step.CALLED_OFF], Step.SHIPPED, False),
        ([Step.PLACED, Step.PAID, Step.CALLED_OFF], Step.REFUNDED, True),
        ([Step.PLACED, Step.CANCELLED], Step.PAID, False),
        ([Step.PLACED, Step.PAID], Step.CANCELLED, False),
        ([Step.PLACED, Step.PAID, Step.SHIPPED], Step.RATED, False),
        ([Step.PLACED, Step.PAID, Step.SHIPPED, Step.DELIVERED], Step.RATED, True),
    ],
)
def test_which_step_may_follow(earlier: list[Step], step: Step, may: object) -> None:
    assert is_in_order(earlier, step) is may


def test_the_table_of_steps_is_whole() -> None:
    everything = [each for each in Step if each is not Step.CANCELLED]
    for step in Step:
        is_in_order(everything, step)


@pytest.mark.django_db(transaction=True)
def test_the_number_of_a_step_is_taken_once() -> None:
    part = uuid7()
    take(part, Step.PLACED)
    with pytest.raises(DatabaseError), transaction.atomic():
        StepRow.objects.create(id=uuid7(), part_id=part, number=1, step=1, actor=1, at_ms=1)
    assert connection.is_usable()

"""Removals by the staff: message and removal are both proven, and nobody can pretend one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from beyou.core.ids import uuid7
from beyou.ledger import export, queries
from beyou.ledger.errors import LedgerDamaged
from beyou.ledger.format import Entry, FormatError, Kind, Reason
from beyou.ledger.models import EntryRow, OutboxRow, RemovalRow
from beyou.ledger.note import Signer
from beyou.ledger.removals import RemovalOpening, removal_order, removal_value, removes
from beyou.ledger.services import erase_messages, record_removals
from beyou.ledger.verification import Verification
from tests.ledger.log import Log, guarded, source_of
from tests.ledger.test_erasures import run

WHY = "Harassment"


@pytest.fixture
def log(db: None, tmp_path: Path, settings: Any) -> Iterator[Log]:
    log = Log(tmp_path / "data", signer=Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED))
    with source_of(log.messages):
        yield log


@pytest.fixture
def said(log: Log) -> list[UUID]:
    return log.grow(2, 5)


def remove(log: Log, *messages: UUID, seal: bool = True) -> None:
    with transaction.atomic():
        record_removals(messages, words=WHY)
    log.messages.hidden |= set(messages)
    if seal:
        log.seal()


def put_back(log: Log, *messages: UUID) -> None:
    with transaction.atomic():
        record_removals(messages, words="")
    log.messages.hidden -= set(messages)
    log.seal()


def found(log: Log) -> list[str]:
    verification = Verification(log.signer.verifier, log.high_water, log.messages)
    return [finding.kind for finding in verification.run()]


def test_odd_numbers_remove_and_even_ones_put_back() -> None:
    assert [removes(number) for number in range(4)] == [False, True, False, True]


def test_what_has_no_place_in_a_removal_is_refused() -> None:
    good = RemovalOpening(1, 0, bytes(32), WHY)
    assert len(good.encode()) == 76
    for number, at_ms, target in ((-1, 0, bytes(32)), (1, 2**64, bytes(32)), (1, 0, b"short")):
        with pytest.raises(FormatError):
            RemovalOpening(number, at_ms, target, WHY).encode()
    with pytest.raises(FormatError):
        removal_value(b"short", good)
    with pytest.raises(FormatError):
        removal_order("a", b"short")


def test_removed_and_put_back_again_and_again_is_no_finding(log: Log, said: list[UUID]) -> None:
    remove(log, *said[:2])
    put_back(log, said[0])
    remove(log, said[0])
    remove(log, said[5], seal=False)
    assert found(log) == []
    assert list(RemovalRow.objects.filter(message_id=said[0]).values_list("number", flat=True)) == [1, 2, 3]


def test_a_message_that_waits_for_its_own_seal_can_be_removed(log: Log, said: list[UUID]) -> None:
    (fresh,) = log.say()
    remove(log, fresh)
    assert found(log) == []
    assert queries.proofs_for([fresh]).items[0].is_removed


def test_the_proof_of_a_message_names_its_removal_and_still_opens_it(log: Log, said: list[UUID]) -> None:
    before = queries.proofs_for(said[:2])
    assert [proof.removals for proof in before.items] == [(), ()]
    remove(log, said[0])
    proofs = queries.proofs_for(said[:2], before.size)
    gone, kept = proofs.items
    assert (gone.is_removed, kept.is_removed) == (True, False)
    assert gone.salt is not None
    assert gone.wire()["removals"][0]["words"] == WHY
    assert gone.removals[0].seal is not None
    assert (gone.removals[0].seal.kind, gone.removals[0].seal.index) == (Kind.REMOVAL, before.size + 1)
    assert (proofs.pending, proofs.missing) == ([], [])
    receipt = queries.receipt(log.messages.stored[said[0]], gone, proofs)
    assert receipt.text == "", "this format could not name the removal"
    put_back(log, said[0])
    proofs = queries.proofs_for(said[:1])
    assert not proofs.items[0].is_removed
    assert [each["number"] for each in proofs.items[0].wire()["removals"]] == [1, 2]
    assert queries.receipt(log.messages.stored[said[0]], proofs.items[0], proofs).text


def test_a_waiting_removal_has_no_seal(log: Log, said: list[UUID]) -> None:
    remove(log, said[0], seal=False)
    (proof,) = queries.proofs_for(said[:1]).items
    assert proof.is_removed
    assert proof.wire()["removals"][0]["seal"] is None


def test_the_log_does_not_tell_which_message_was_removed_or_why(log: Log, said: list[UUID]) -> None:
    """Only who has the salt can say it: the value is no hash of what anybody can guess."""
    remove(log, said[0])
    entry = bytes(EntryRow.objects.get(kind=Kind.REMOVAL).entry)
    row = RemovalRow.objects.get()
    opening = RemovalOpening(row.number, row.at_ms, bytes(row.target), WHY)
    assert entry == Entry(Kind.REMOVAL, removal_value(bytes(row.salt or b""), opening)).encode()
    assert entry[8:] != removal_value(bytes(32), opening)


def test_strangers_and_calls_outside_a_transaction_are_refused(log: Log, said: list[UUID]) -> None:
    with pytest.raises(LedgerDamaged), transaction.atomic():
        record_removals([said[0], uuid7()], words=WHY)
    assert not RemovalRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_removing_needs_the_transaction_that_withholds() -> None:
    with pytest.raises(RuntimeError):
        record_removals([uuid7()], words=WHY)


def test_an_erased_account_takes_what_its_removals_said(log: Log, said: list[UUID]) -> None:
    remove(log, said[0])
    with transaction.atomic():
        erase_messages(said[:1], reason=Reason.ACCOUNT)
        del log.messages.stored[said[0]]
    log.messages.hidden.clear()
    log.seal()
    assert found(log) == []
    assert list(RemovalRow.objects.values_list("words", "salt")) == [(None, None)]
    (proof,) = queries.proofs_for(said[:1]).items
    assert (proof.is_removed, proof.salt) == (False, None)


# Pretending


def pretend(log: Log, message: UUID, signature: bytes) -> None:
    """What an editor of the database can do: withhold a message and write the rows of a removal."""
    entry = EntryRow.objects.get(message_id=message, kind=Kind.MESSAGE)
    opening = RemovalOpening(1, 1, bytes(entry.entry)[8:], WHY)
    value = removal_value(bytes(32), opening)
    RemovalRow.objects.create(
        message_id=message, number=1, at_ms=1, target=opening.target, words=WHY, salt=bytes(32),
        signature=signature,
    )  # fmt: skip
    OutboxRow.objects.create(
        kind=Kind.REMOVAL, message_id=message, entry=Entry(Kind.REMOVAL, value).encode(), created_ms=0
    )
    log.messages.hidden.add(message)
    log.seal()


def test_a_pretended_removal_is_named(log: Log, said: list[UUID]) -> None:
    pretend(log, said[3], b"\1" * 64)
    assert found(log) == ["removal_forged", "removal_unsealed"]


def test_the_signature_of_another_removal_does_not_fit(log: Log, said: list[UUID]) -> None:
    remove(log, said[0])
    pretend(log, said[3], bytes(RemovalRow.objects.get().signature))
    assert "removal_forged" in found(log)


def test_what_is_withheld_without_a_removal_and_read_despite_one_is_named(log: Log, said: list[UUID]) -> None:
    remove(log, said[0])
    log.messages.hidden = {said[1]}
    assert sorted(found(log)) == ["removal_missing", "removal_undone"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", 2), ("at_ms", 1), ("words", "Spam"), ("target", b"t" * 32), ("salt", b"s" * 32)],
)
def test_an_altered_record_is_named(log: Log, said: list[UUID], field: str, value: object) -> None:
    remove(log, said[0])
    RemovalRow.objects.update(**{field: value})
    assert "removal_unknown" in found(log)


def test_a_record_that_was_deleted_or_never_sealed_is_named(log: Log, said: list[UUID]) -> None:
    remove(log, said[0])
    RemovalRow.objects.all().delete()
    log.messages.hidden.clear()
    assert found(log) == ["removal_unknown"]
    remove(log, said[1], seal=False)
    OutboxRow.objects.all().delete()
    assert found(log) == ["removal_unknown", "removal_unsealed"]


# Triggers are made outside of transactions on MariaDB.
@pytest.mark.django_db(transaction=True)
def test_triggers_keep_records_of_removals_and_let_their_words_go(log: Log, said: list[UUID]) -> None:
    with guarded():
        remove(log, said[0])
        for change in (RemovalRow.objects.all().delete, lambda: RemovalRow.objects.update(words="Spam")):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
        assert RemovalRow.objects.update(words=None, salt=None) == 1


# The stand-alone checker


def exported(log: Log, tmp_path: Path) -> Path:
    export.write(tmp_path / "export", openings_from=log.messages)
    return tmp_path / "export"


def test_the_checker_says_removed_and_not_altered(
    log: Log, said: list[UUID], tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    remove(log, *said[:3])
    put_back(log, said[0])
    assert run(monkeypatch, "verify", exported(log, tmp_path), "--vkey", log.signer.verifier) == 0
    out = capsys.readouterr().out
    assert "10 messages opened, 0 erased" in out
    assert "2 messages are removed by the staff" in out


@pytest.mark.parametrize("attack", ["words", "number", "signature", "target", "no_record", "order"])
def test_the_checker_names_what_is_no_removal(
    log: Log, said: list[UUID], tmp_path: Path, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(log, *said[:2])
    put_back(log, said[0])
    path = exported(log, tmp_path) / "openings.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    removals = [line for line in lines if "target" in line]
    if attack == "no_record":
        lines.remove(removals[0])
    elif attack == "order":
        removals[0]["seq"], removals[2]["seq"] = removals[2]["seq"], removals[0]["seq"]
    elif attack == "signature":
        removals[0]["signature"] = removals[1]["signature"]
    else:
        removals[0][attack] = {"words": "Spam", "number": 3, "target": "00" * 32}[attack]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run(monkeypatch, "verify", tmp_path / "export", "--vkey", log.signer.verifier) == 1


def test_the_receipt_of_a_removed_message_proves_both(
    log: Log, said: list[UUID], tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    remove(log, said[0])
    proofs = queries.proofs_for(said[:1])
    one = queries.receipt(log.messages.stored[said[0]], proofs.items[0], proofs).value
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(one))
    assert run(monkeypatch, "receipt", file, "--vkey", log.signer.verifier) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"REMOVED: message {said[0]}")
    assert "by the staff, not by its author" in out
    assert WHY in out
    (removal,) = one["removals"]
    for change in (
        {"words": "Spam"}, {"number": 2}, {"at_ms": 1}, {"target": "00" * 32}, {"salt": "00" * 32},
        {"signature": "00" * 64}, {"seal": one}, {"seal": None},
    ):  # fmt: skip
        file.write_text(json.dumps(one | {"removals": [removal | change]}))
        # What waits for its seal is not false, only not proven yet.
        assert run(monkeypatch, "receipt", file) == (2 if change == {"seal": None} else 1), change
    put_back(log, said[0])
    proofs = queries.proofs_for(said[:1])
    one = queries.receipt(log.messages.stored[said[0]], proofs.items[0], proofs).value
    file.write_text(json.dumps(one))
    capsys.readouterr()
    assert run(monkeypatch, "receipt", file) == 0
    assert "put it back" in capsys.readouterr().out

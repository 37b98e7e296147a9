"""Erasure on purpose: content gone, every proof still holds, and no editor of rows can pretend one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from beyou.core.errors import NotFound
from beyou.core.ids import uuid7
from beyou.ledger import export, queries
from beyou.ledger.format import Entry, FormatError, Kind, Reason, erasure_order, erasure_value
from beyou.ledger.models import EntryRow, ErasureRow, OutboxRow, SaltRow
from beyou.ledger.note import Signer
from beyou.ledger.services import Erased, erase_messages
from beyou.ledger.verification import Verification
from tests.ledger.log import Log, guarded, source_of
from tests.verifier.standalone import installed


@pytest.fixture
def log(db: None, tmp_path: Path, settings: Any) -> Iterator[Log]:
    log = Log(tmp_path / "data", signer=Signer(settings.LEDGER_ORIGIN, settings.LEDGER_KEY_SEED))
    with source_of(log.messages):
        yield log


@pytest.fixture
def said(log: Log) -> list[UUID]:
    return log.grow(3, 100)


def erase(log: Log, messages: list[UUID], *, seal: bool = True) -> Erased:
    with transaction.atomic():
        done = erase_messages(messages, reason=Reason.ACCOUNT)
        for message in set(messages) - done.unsealed:
            del log.messages.stored[message]
    if seal:
        log.seal()
    return done


def found(log: Log) -> list[str]:
    verification = Verification(log.signer.verifier, log.high_water, log.messages)
    return [finding.kind for finding in verification.run()]


def position(message: UUID) -> int:
    return EntryRow.objects.get(message_id=message, kind=Kind.MESSAGE).seq


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    with installed(monkeypatch):
        from beyou_ledger.cli import main

        return main([str(argument) for argument in arguments])


# Triggers are made outside of transactions on MariaDB.
@pytest.mark.django_db(transaction=True)
def test_erased_messages_are_no_finding_and_their_salts_are_gone(log: Log, said: list[UUID]) -> None:
    with guarded():
        assert erase(log, said[10:20]) == Erased(10, frozenset())
    assert found(log) == []
    assert not SaltRow.objects.filter(message_id__in=said[10:20]).exists()
    assert SaltRow.objects.count() == 290
    assert EntryRow.objects.filter(kind=Kind.ERASURE).count() == 10


def test_an_erasure_that_waits_to_be_sealed_is_no_finding(log: Log, said: list[UUID]) -> None:
    erase(log, said[:3], seal=False)
    assert found(log) == []


def test_erasing_again_changes_nothing(log: Log, said: list[UUID]) -> None:
    erase(log, said[:3])
    with transaction.atomic():
        assert erase_messages(said[:3], reason=Reason.ACCOUNT).entries == 0
    assert OutboxRow.objects.count() == 0
    assert ErasureRow.objects.count() == 3


def test_what_is_not_sealed_yet_waits_and_keeps_its_salt(log: Log, said: list[UUID]) -> None:
    (fresh,) = log.say()
    assert erase(log, [fresh, said[0]]) == Erased(1, frozenset({fresh}))
    assert SaltRow.objects.filter(message_id=fresh).exists()
    assert erase(log, [fresh]) == Erased(1, frozenset())
    assert found(log) == []


@pytest.mark.django_db(transaction=True)
def test_erasing_needs_the_transaction_that_destroys_the_content() -> None:
    with pytest.raises(RuntimeError):
        erase_messages([uuid7()], reason=Reason.ACCOUNT)


def test_erasing_nothing_and_strangers_does_nothing(log: Log, said: list[UUID]) -> None:
    for ids in ([], [uuid7()]):
        with transaction.atomic():
            assert erase_messages(ids, reason=Reason.ACCOUNT) == Erased(0, frozenset())


def test_proofs_say_erased_and_the_proofs_of_others_hold(log: Log, said: list[UUID]) -> None:
    before = queries.proofs_for(said[:2])
    erase(log, said[:1])
    proofs = queries.proofs_for(said[:2], before.size)
    gone, kept = proofs.items
    assert (gone.salt, gone.index) == (None, position(said[0]))
    assert gone.erasure is not None
    assert gone.erasure.seal is not None
    assert gone.erasure.seal.entry == Entry(
        Kind.ERASURE, erasure_value(gone.index, gone.erasure.day, Reason.ACCOUNT)
    ).encode()  # fmt: skip
    assert kept.erasure is None
    assert kept.salt is not None
    assert (proofs.pending, proofs.missing) == ([], [])
    with pytest.raises(NotFound):
        queries.receipt(log.messages.stored[said[1]], gone, proofs)


def test_a_waiting_erasure_has_no_seal(log: Log, said: list[UUID]) -> None:
    erase(log, said[:1], seal=False)
    (proof,) = (proofs := queries.proofs_for(said[:1])).items
    assert proof.erasure is not None
    assert proof.erasure.seal is None
    assert proof.wire()["erasure"]["seal"] is None
    with pytest.raises(NotFound):
        queries.erasure_receipt(proof, proofs)


# Pretending


def forge(log: Log, message: UUID, signature: bytes = b"\1" * 64) -> int:
    """What an editor of the database can do: cut a message out and write the rows of an erasure."""
    seq = position(message)
    del log.messages.stored[message]
    SaltRow.objects.filter(message_id=message).delete()
    ErasureRow.objects.create(seq=seq, message_id=message, day=20_000, reason=1, signature=signature)
    entry = Entry(Kind.ERASURE, erasure_value(seq, 20_000, 1)).encode()
    OutboxRow.objects.create(kind=Kind.ERASURE, message_id=message, entry=entry, created_ms=0)
    log.seal()
    return seq


def test_a_pretended_erasure_is_named(log: Log, said: list[UUID]) -> None:
    forge(log, said[5])
    assert found(log) == ["erasure_forged"]


def test_the_signature_of_another_erasure_does_not_fit(log: Log, said: list[UUID]) -> None:
    erase(log, said[:1])
    forge(log, said[5], bytes(ErasureRow.objects.get().signature))
    assert found(log) == ["erasure_forged"]


def test_the_signature_of_another_log_does_not_fit(log: Log, said: list[UUID]) -> None:
    value = erasure_value(position(said[5]), 20_000, 1)
    forge(log, said[5], log.signer.sign(erasure_order("other.example/ledger", value)))
    assert found(log) == ["erasure_forged"]


def test_a_message_cut_out_without_a_record_is_still_named(log: Log, said: list[UUID]) -> None:
    erase(log, said[:5])
    del log.messages.stored[said[7]]
    SaltRow.objects.filter(message_id=said[7]).delete()
    assert found(log) == ["message_missing"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("day", -1), ("day", 3), ("reason", 2), ("reason", -1), ("message_id", UUID(int=7))],
)
def test_an_altered_record_is_named(log: Log, said: list[UUID], field: str, value: object) -> None:
    erase(log, said[:2])
    ErasureRow.objects.filter(message_id=said[0]).update(**{field: value})
    assert "erasure_forged" in found(log)
    proofs = queries.proofs_for(said[:1])
    # The number of the entry is signed; the id beside it only helps to find it.
    held = field == "message_id"
    assert all(held or proof.erasure is None or proof.erasure.seal is None for proof in proofs.items)


def test_a_record_that_was_deleted_is_named(log: Log, said: list[UUID]) -> None:
    erase(log, said[:2])
    ErasureRow.objects.filter(message_id=said[0]).delete()
    assert found(log) == ["message_missing", "erasure_unknown"]


def test_an_erasure_whose_entry_never_came_is_named(log: Log, said: list[UUID]) -> None:
    erase(log, said[:1], seal=False)
    OutboxRow.objects.all().delete()
    assert found(log) == ["erasure_unsealed"]


def test_content_or_salt_that_stayed_is_named(log: Log, said: list[UUID]) -> None:
    kept = log.messages.stored[said[0]]
    erase(log, said[:2])
    log.messages.stored[said[0]] = kept
    SaltRow.objects.create(message_id=said[1], salt=b"s" * 32)
    assert found(log) == ["erasure_unfinished", "erasure_unfinished"]


# Triggers are made outside of transactions on MariaDB.
@pytest.mark.django_db(transaction=True)
def test_triggers_keep_records_of_erasure(log: Log, said: list[UUID]) -> None:
    with guarded():
        erase(log, said[:1])
        for change in (ErasureRow.objects.all().delete, lambda: ErasureRow.objects.update(day=1)):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_numbers_outside_the_format_are_refused() -> None:
    for numbers in ((-1, 0, 0), (0, -1, 0), (0, 2**32, 0), (0, 0, 256)):
        with pytest.raises(FormatError):
            erasure_value(*numbers)
    with pytest.raises(FormatError):
        erasure_order("a", b"short")


# The stand-alone checker


def exported(log: Log, tmp_path: Path) -> Path:
    export.write(tmp_path / "export", openings_from=log.messages)
    return tmp_path / "export"


def test_the_checker_says_erased_and_not_altered(
    log: Log, said: list[UUID], tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    erase(log, said[:30])
    assert run(monkeypatch, "verify", exported(log, tmp_path), "--vkey", log.signer.verifier) == 0
    assert "270 messages opened, 30 erased" in capsys.readouterr().out


@pytest.mark.parametrize(
    "attack", ["forged", "cut", "unsealed", "no_record", "opened", "signature", "number"]
)
def test_the_checker_names_what_is_no_erasure(
    log: Log, said: list[UUID], tmp_path: Path, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = log.messages.stored[said[0]]
    erase(log, said[:3], seal=attack != "unsealed")
    if attack == "forged":
        forge(log, said[9])
    elif attack == "cut":
        del log.messages.stored[said[9]]
    elif attack == "opened":
        log.messages.stored[said[0]] = kept
        SaltRow.objects.create(message_id=said[0], salt=b"s" * 32)
    folder = exported(log, tmp_path)
    path = folder / "erasures.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if attack == "no_record":
        lines = lines[1:]
    elif attack == "signature":
        lines[0]["signature"] = lines[1]["signature"]
    elif attack == "number":
        lines[0]["seq"] = -1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run(monkeypatch, "verify", folder, "--vkey", log.signer.verifier) == 1


def test_receipts_of_erased_messages_and_files_of_many_are_checked(
    log: Log, said: list[UUID], tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    erase(log, said[:1])
    proofs = queries.proofs_for(said[:2])
    one = queries.erasure_receipt(proofs.items[0], proofs).value
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(one))
    assert run(monkeypatch, "receipt", file, "--vkey", log.signer.verifier) == 0
    assert capsys.readouterr().out.startswith("ERASED: entry 2 of the")
    opened = queries.receipt(log.messages.stored[said[1]], proofs.items[1], proofs).value
    many = {"format": "beyou/receipts/1", "vkey": one["vkey"], "checkpoint": one["checkpoint"]}
    file.write_text(json.dumps(many | {"items": [one, opened]}))
    assert run(monkeypatch, "receipt", file) == 0
    assert "2 of 2 receipts are good" in capsys.readouterr().out
    for change in ({"day": 1}, {"reason": 0}, {"signature": "00" * 64}, {"seal": opened}):
        file.write_text(json.dumps(one | {"erasure": one["erasure"] | change}))
        assert run(monkeypatch, "receipt", file) == 1

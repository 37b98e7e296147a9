"""The command line: `beyou-ledger verify FOLDER` and `beyou-ledger receipt FILE`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from beyou_ledger import decision, order
from beyou_ledger import receipt as receipts
from beyou_ledger.bytes_of import REASONS, Malformed, date_of, moment_of
from beyou_ledger.export import Export
from beyou_ledger.note import Key, open_checkpoint, parse_key

GOOD, BAD, INCOMPLETE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 good, 1 something was altered, 2 files are missing or unreadable, or steps wait for
    their seal.
    """
    parser = argparse.ArgumentParser(prog="beyou-ledger", description=__doc__, epilog=main.__doc__)
    commands = parser.add_subparsers(required=True)
    verify = commands.add_parser("verify", help="check an export of the whole ledger")
    verify.add_argument("folder", type=Path)
    verify.add_argument("--pinned", type=Path, help="a checkpoint that you kept: the ledger must extend it")
    verify.set_defaults(run=_verify)
    receipt = commands.add_parser(
        "receipt", help="check the receipt of a message, an order or a decision, or many"
    )
    receipt.add_argument("file", type=Path)
    receipt.set_defaults(run=_receipt)
    for command in (verify, receipt):
        command.add_argument(
            "--vkey", help="the log's verifier key, or a file with it, from a source you trust"
        )
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except Malformed as error:
        print(f"BAD: {error}")
        return BAD
    except (OSError, KeyError, ValueError, IndexError, RecursionError) as error:
        print(f"INCOMPLETE: {error}", file=sys.stderr)
        return INCOMPLETE


def _verify(options: argparse.Namespace) -> int:
    key = _key(options.vkey) or _warn(parse_key((options.folder / "vkey").read_text(encoding="utf-8")))
    export = Export(options.folder, key)
    pinned = open_checkpoint(options.pinned.read_text(encoding="utf-8"), key) if options.pinned else None
    count = 0
    for problem in export.problems(pinned):
        print(f"BAD: {problem}")
        count += 1
    if count:
        print(f"{count} problems; the first one is the first bad position.")
        return BAD
    steps = f", {export.steps} steps of orders opened" if export.steps else ""
    removed = f", {export.removed} messages are removed by the staff" if export.removed else ""
    print(
        f"GOOD: {export.checkpoint.size} entries in {export.blocks} blocks of {export.checkpoint.origin}"
        f" are as they were signed; {export.opened} messages opened, {len(export.erased)} erased"
        f"{steps}{removed}."
    )
    return GOOD


def _receipt(options: argparse.Namespace) -> int:
    text = options.file.read_text(encoding="utf-8")
    orders = order.parse(text)
    if orders is not None:
        return _orders(orders, _key(options.vkey))
    decided = decision.parse(text)
    if decided is not None:
        return _decision(decided, _key(options.vkey))
    found = receipts.parse(text)
    if not found:
        print("INCOMPLETE: the file holds no receipt", file=sys.stderr)
        return INCOMPLETE
    key = _key(options.vkey) or (_warn(found[0].key) if found[0].key else None)
    if key is None:
        print("INCOMPLETE: this form of receipt names no key; give --vkey", file=sys.stderr)
        return INCOMPLETE
    bad = 0
    for receipt in found:
        try:
            print(_said(receipt, key))
        except Malformed as error:
            print(f"BAD: entry {receipt.index} {error}")
            bad += 1
    if len(found) > 1:
        print(f"{len(found) - bad} of {len(found)} receipts are good.")
    return BAD if bad else GOOD


def _orders(found: list[dict[str, Any]], key: Key | None) -> int:
    if not found:
        print("INCOMPLETE: the file holds no receipt", file=sys.stderr)
        return INCOMPLETE
    key = key or _warn(order.key_in(found[0]))
    words: list[str] = []
    for one in found:
        print(f"Order part {str(one.get('part'))[:36]!r}")
        try:
            for said in order.check(one, key):
                words.append(said.word)
                print(f"{said.word}: {said.text}")
                for line in order.facts_of(said):
                    print(f"    {line}")
        except Malformed as error:
            words.append("BAD")
            print(f"BAD: {error}")
    if "BAD" in words:
        print(f"{words.count('BAD')} of {len(words)} steps are not as they were sealed.")
        return BAD
    if "WAITING" in words:
        print(f"{words.count('WAITING')} of {len(words)} steps are not sealed yet; the others are good.")
        return INCOMPLETE
    print(f"All {len(words)} steps are as they were sealed.")
    return GOOD


def _decision(value: dict[str, Any], key: Key | None) -> int:
    words: list[str] = []
    for said in decision.check(value, key or _warn(decision.key_in(value))):
        words.append(said.word)
        print(f"{said.word}: {said.text}")
        for line in order.facts_of(said):
            print(f"    {line}")
    if "BAD" in words:
        print(f"{words.count('BAD')} of {len(words)} records are not as they were sealed.")
        return BAD
    if "WAITING" in words:
        print(f"{words.count('WAITING')} of {len(words)} records are not sealed yet; the others are good.")
        return INCOMPLETE
    print(f"All {len(words)} records of the decision are as they were sealed.")
    return GOOD


def _said(receipt: receipts.Receipt | receipts.Erasure, key: Key) -> str:
    """What a good receipt proves, in one line. Raises Malformed."""
    if isinstance(receipt, receipts.Erasure):
        size = receipts.check_erasure(receipt, key)
        why = REASONS.get(receipt.reason, f"reason {receipt.reason}")
        return (
            f"ERASED: entry {receipt.index} of the {size} that {key.name} signed was erased on"
            f" {date_of(receipt.day)}, since {why}; its content is gone and nothing else was changed."
        )
    opening, size = receipts.check(receipt, key)
    last = receipt.removals[-1] if receipt.removals else None
    word = "REMOVED" if last and last.removes else "GOOD"
    return (
        f"{word}: message {opening.message} of conversation {opening.conversation}, number {opening.number},"
        f" by {opening.sender}, is entry {receipt.index} of the {size} that {key.name} signed."
    ) + "".join(map(_removed, receipt.removals))


def _removed(removal: receipts.Removal) -> str:
    if not removal.removes:
        return f" The staff put it back on {moment_of(removal.at_ms)} (entry {removal.seal_index})."
    return (
        f" It was removed on {moment_of(removal.at_ms)} by the staff, not by its author"
        f" (entry {removal.seal_index}): {removal.words!r}."
    )


def _key(given: str | None) -> Key | None:
    if given is None:
        return None
    path = Path(given)
    return parse_key(path.read_text(encoding="utf-8") if path.is_file() else given)


def _warn(key: Key) -> Key:
    print(f"Trusting the key that came along, of {key.name}; give --vkey to be sure.", file=sys.stderr)
    return key

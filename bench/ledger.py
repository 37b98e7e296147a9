"""R1 to R3 of the ledger: sealing beside raw inserts, the tree beside bare hashing.

SQLite at synchronous=FULL in a folder of its own. A sealed batch includes everything that `Sealer.step`
does: reading the outbox, hashing, work, the commit, the high-water file on disk and the checkpoint.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from bench.common import Result, interleaved, median

_ROUNDS = 30
_WARM_UP = 3
_LEAVES = 100_000
_RAW_TABLE = "bench_entry"


def main() -> list[Result]:
    """Measures in a process whose Django it sets up itself."""
    with tempfile.TemporaryDirectory(prefix="beyou-bench-") as folder:
        os.environ.update(
            BEYOU_MODE="test", BEYOU_DATA_DIR=folder, DJANGO_SETTINGS_MODULE="beyou.config.settings"
        )
        os.environ.pop("BEYOU_DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        _make_raw_table(connection)
        results = [_tree()]
        for batch in (100, 1000):
            sealed, raw, hashing = _sealing(Path(folder), batch)
            goal = f"R1 sealed leaves/s ÷ raw inserts/s, {batch} at once"
            results.append(_rates(goal, sealed, raw, 0.40))
        results.append(_rates("R3 sealed leaves/s ÷ leaf hashes/s, 1000 at once", sealed, hashing, 1 / 200))
        connection.close()
    return results


def _rates(goal: str, ours: float, beside: float, limit: float) -> Result:
    return Result(goal, f"{ours:,.0f}/s", f"{beside:,.0f}/s", ours / beside, limit, at_most=False)


def _make_raw_table(connection: Any) -> None:
    """A twin of the entry table, its two indexes and unique column included."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {_RAW_TABLE} (seq BIGINT PRIMARY KEY, block_no BIGINT, outbox_id BIGINT UNIQUE,"
            " kind SMALLINT, message_id CHAR(32), conversation_id CHAR(32), entry BLOB)"
        )
        cursor.execute(f"CREATE INDEX {_RAW_TABLE}_message ON {_RAW_TABLE} (message_id, seq)")
        cursor.execute(f"CREATE INDEX {_RAW_TABLE}_conversation ON {_RAW_TABLE} (conversation_id, seq)")


def _sealing(folder: Path, batch: int) -> tuple[float, float, float]:
    """Sealed leaves, raw inserts and leaf hashes a second, in turn, with the same number of rows each."""
    from django.db import connection, transaction

    from beyou.core.ids import uuid7
    from beyou.ledger import sealer, services
    from beyou.ledger.format import Mode, Opening
    from beyou.ledger.merkle import leaf_hash
    from beyou.ledger.models import OutboxRow

    conversations = [uuid7() for _ in range(20)]
    for number in range(_ROUNDS + _WARM_UP):
        numbers = range(number * batch, (number + 1) * batch)
        openings = [
            Opening(Mode.STANDARD, uuid7(), conversations[at % 20], conversations[0], at, 0, bytes(32))
            for at in numbers
        ]
        with transaction.atomic():
            services.record_messages(openings)
    sealer.BATCH = batch
    at_work = sealer.Sealer(services.ledger_signer(), folder / "ledger.highwater", require_durable=False)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(seq), 0) + 1 FROM {_RAW_TABLE}")
        first = cursor.fetchone()[0]
    entry = bytes(40)
    rows = iter(
        [
            (seq, 1, seq, 1, uuid7().hex, conversations[at % 20].hex, entry)
            for at, seq in enumerate(range(start, start + batch))
        ]
        for start in range(first, first + (_ROUNDS + _WARM_UP) * batch, batch)
    )

    def seal() -> None:
        assert at_work.step() == batch

    def insert() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {_RAW_TABLE} VALUES (%s, %s, %s, %s, %s, %s, %s)", next(rows))

    def hash_leaves() -> None:
        for _ in range(batch):
            leaf_hash(entry)

    sides = {"seal": seal, "insert": insert, "hash": hash_leaves}
    times = interleaved(sides, rounds=_ROUNDS, warm_up=_WARM_UP)
    assert not OutboxRow.objects.exists()
    seals, inserts, hashes = (batch / median(times[side]) for side in sides)
    return seals, inserts, hashes


def _tree() -> Result:
    """R2: a growing tree beside the bare hashes it cannot do without, one leaf and one node per entry."""
    from beyou.ledger.merkle import CompactRange, leaf_hash, node_hash

    entries = [at.to_bytes(40, "big") for at in range(_LEAVES)]
    left = right = bytes(32)

    def grow() -> None:
        CompactRange().extend([leaf_hash(entry) for entry in entries])

    def bare() -> None:
        for entry in entries:
            leaf_hash(entry)
            node_hash(left, right)

    times = interleaved({"tree": grow, "bare": bare}, rounds=9, warm_up=1)
    tree, limit = _LEAVES / median(times["tree"]), _LEAVES / median(times["bare"])
    return _rates("R2 tree leaves/s ÷ leaf and node hashes", tree, limit, 0.50)


if __name__ == "__main__":
    from bench.common import table

    print(table(main()))

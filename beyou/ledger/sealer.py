"""The sealer: turns waiting entries into blocks and signs checkpoints, any number of it at a time.

What keeps rivals and crashes harmless: a block is committed only by compare-and-swap on the head, and
together with the deletion of exactly the outbox rows that it seals; a checkpoint is signed only for what
the database has committed, after the high-water file agrees, and the same tree always gives the same note.
So every step may be the last one of a process, and the next sealer goes on from there.
"""

import os
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from beyou.core import clock
from beyou.ledger import chain, genesis, highwater, services, storage
from beyou.ledger.chain import State, Waiting
from beyou.ledger.errors import HighWaterRefused, LedgerDamaged, NotDurable, SealingRefused
from beyou.ledger.format import FormatError
from beyou.ledger.models import Head
from beyou.ledger.note import Checkpoint, Signer

log = structlog.get_logger()

#: The most entries of one block, its link not counted.
BATCH = 1000
#: Seconds between two looks at the outbox; with the time to seal it keeps a block within 250 ms of a commit.
PERIOD = 0.15
_AFTER_A_FAILURE = 1.0


class Sealer:
    """Seals the outbox of this database, block by block."""

    def __init__(self, signer: Signer, high_water: Path, *, require_durable: bool = True) -> None:
        """`require_durable` is false only for throw-away test servers that skip the disk on purpose."""
        self._signer = signer
        self._high_water = high_water
        self._require_durable = require_durable
        self._proposer = f"{socket.gethostname()}/{os.getpid()}"[:100]
        self._state: State | None = None
        self._is_published = False
        # The high-water file and the size in it, as this sealer last agreed with it.
        self._agreed = (b"", 0)

    def step(self) -> int:
        """Seals at most one block and signs what is not signed yet; returns how many entries it sealed.

        A rival that was faster costs nothing but the work. Damage freezes sealing with an alert that says
        where; nothing is ever repaired or restarted.
        """
        waiting = storage.oldest_waiting(BATCH)
        if not waiting and self._is_published:
            return 0
        try:
            return self._advance(waiting)
        except storage.Raced:
            self._forget()
            return 0
        except SealingRefused as error:
            self._forget()
            self._stop_everyone(error)
            return 0

    def _advance(self, waiting: list[Waiting]) -> int:
        head = self._head()
        if head.frozen:
            return 0
        state = self._state_at(head)
        if not self._is_published:
            self._require_durability()
            state = self._publish() or state
        if not waiting or not self._seal(state, waiting):
            return 0
        self._publish()
        return len(waiting)

    def _head(self) -> Head:
        head = storage.read_head()
        if head is None:
            # A file that knows of a log, beside a database that has none, is a rollback to nothing.
            with highwater.locked(self._high_water):
                self._compare_with_high_water(0)
            genesis.create(self._signer, services.configured_policy(), self._proposer)
            head = Head.objects.get(id=1)
        return head

    def _state_at(self, head: Head) -> State:
        state = self._state
        if state and (state.epoch, state.block_hash.hex()) == (head.epoch, head.hash_hex):
            return state
        try:
            self._state = storage.load_state(head)
        except LedgerDamaged as error:
            # A rival that seals while we read can look like damage; then the head has moved.
            if Head.objects.filter(id=1, hash_hex=head.hash_hex, epoch=head.epoch).exists():
                raise SealingRefused("ledger_damaged", error.detail, block_no=head.block_no) from error
            raise storage.Raced from error
        # Rows that this process did not write itself are compared with what was signed before going on.
        self._is_published = False
        self._agreed = (b"", 0)
        return self._state

    def _seal(self, state: State, waiting: list[Waiting]) -> bool:
        """Whether a block with these entries is committed; false when it is another validator's turn."""
        started = time.perf_counter_ns()
        self._check(waiting, state)
        block = chain.next_block(state, [row.entry for row in waiting], clock.now_ms(), self._signer)
        if block is None:
            return False
        try:
            policy, policy_hex = storage.policy_after(state, waiting)
        except FormatError as error:
            raise SealingRefused(
                "bad_document", f"A waiting consensus document: {error}.", block_no=state.next_block
            ) from error
        seal_us = (time.perf_counter_ns() - started) // 1000
        self._is_published = False
        storage.commit_block(
            state, block, waiting, proposer=self._proposer, policy_hex=policy_hex, seal_us=seal_us
        )
        self._state = chain.after(state, block, policy, policy_hex)
        return True

    def _check(self, waiting: Iterable[Waiting], state: State) -> None:
        for row in waiting:
            try:
                chain.check_waiting(row)
            except FormatError as error:
                raise SealingRefused(
                    "bad_outbox_row", f"Waiting entry {row.id}: {error}.", block_no=state.next_block
                ) from error

    def _publish(self) -> State | None:
        """The newest committed tree has a signed checkpoint, first in the high-water file, then in a row.

        Returns the state of that tree, or None when sealing was frozen meanwhile. Under the file's lock,
        so that of two sealers on this machine the later one sees the newer head.
        """
        with highwater.locked(self._high_water):
            head = storage.read_head()
            if head is None or head.frozen:
                return None
            # What the rows say now is signed: where they are not at the state that this process built block
            # by block, it is read and checked anew.
            state = self._state_at(head)
            root = state.header.tree_root if state.header else b""
            signed = self._agreed_size() or self._compare_with_high_water(state.size, root)
            note = self._signer.note(Checkpoint(self._signer.verifier.name, state.size, root).text())
            if signed != state.size:
                highwater.write(self._high_water, note, self._signer.verifier)
            self._agreed = (highwater.content(self._high_water), state.size)
            storage.record_checkpoint(state.size, note)
        self._is_published = True
        return state

    def _agreed_size(self) -> int:
        """The size signed last, when the file is as this sealer left it; 0 when it has to be compared.

        Since then the state has grown only by blocks that this process built upon what it signed.
        """
        before, size = self._agreed
        return size if before and before == highwater.content(self._high_water) else 0

    def _compare_with_high_water(self, size: int, root: bytes = b"") -> int:
        """The size signed last, 0 before the first. Raises SealingRefused when this tree is no extension."""
        try:
            signed = highwater.read(self._high_water, self._signer.verifier)
        except highwater.HighWaterDamaged as error:
            raise HighWaterRefused(str(error)) from error
        if signed is None:
            return 0
        if size < signed.size:
            raise HighWaterRefused(
                f"The database ends at {size} entries, but {signed.size} were signed: it was set back."
            )
        if (root if size == signed.size else storage.root_at(signed.size)) != signed.root:
            raise HighWaterRefused(
                f"The first {signed.size} entries are not those that were signed: the chain was made anew."
            )
        return signed.size

    def _require_durability(self) -> None:
        if reason := storage.make_durable(required=self._require_durable):
            raise NotDurable(reason)

    def _stop_everyone(self, error: SealingRefused) -> None:
        services.raise_alert(kind=error.kind, detail=str(error), block_no=error.block_no)
        services.freeze_sealing()

    def _forget(self) -> None:
        self._state = None
        self._is_published = False
        self._agreed = (b"", 0)


class SealerThread(threading.Thread):
    """Seals while the process lives. Sealing that fails for another reason than damage is tried again."""

    def __init__(self) -> None:
        super().__init__(name="sealer", daemon=True)
        self._stopping = threading.Event()
        self._sealer = Sealer(
            services.ledger_signer(), settings.LEDGER_HIGH_WATER, require_durable=settings.MODE != "test"
        )

    def run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._round())
        # What was committed before the process ends is sealed now rather than at the next start.
        self._round()
        connection.close()

    def _round(self) -> float:
        """Seals all that waits; returns the seconds until the next look."""
        try:
            close_old_connections()
            while self._sealer.step() == BATCH:
                pass
        # The database or the disk may be away for a while; entries wait safely in the outbox. And a bug
        # must not end sealing in silence.
        except Exception:
            log.exception("ledger.sealing_failed")
            return _AFTER_A_FAILURE
        return PERIOD

    def stop(self) -> None:
        """The thread has sealed what was committed, and ended."""
        self._stopping.set()
        self.join(timeout=10)

"""The same text to many conversations, counted in this process by keyed hashes. Nothing of a text is kept."""

import threading
import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

from beyou.automod.rules import COPIES
from beyou.core import keyring

DAY: Final = 86_400.0
#: How many texts are remembered at most; the oldest are forgotten first.
MOST: Final = 50_000


class Copies:
    """Remembers for a day to which conversations a member sent a text, each by a part of a keyed hash."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sent: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, sender_id: UUID, conversation_id: UUID, comparable: str) -> bool:
        """Whether the text goes to more than `COPIES` conversations within a day, this one among them."""
        key = keyring.mac(b"copies", sender_id.bytes + comparable.encode())[:16]
        where = keyring.mac(b"copies in", conversation_id.bytes)[:8]
        now = time.monotonic()
        with self._lock:
            began, known = self._sent.pop(key, (now, b""))
            if now - began >= DAY:
                began, known = now, b""
            places = {known[at : at + 8] for at in range(0, len(known), 8)}
            if where not in places and len(places) <= COPIES:
                known += where
                places.add(where)
            self._sent[key] = (began, known)
            while len(self._sent) > self._most or self._is_old(now):
                self._sent.popitem(last=False)
            return len(places) > COPIES

    def _is_old(self, now: float) -> bool:
        """Whether the text that was sent longest ago is forgotten."""
        return now - next(iter(self._sent.values()))[0] >= DAY

    def forget(self) -> None:
        with self._lock:
            self._sent.clear()


sent: Final = Copies()

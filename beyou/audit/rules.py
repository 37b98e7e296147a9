"""The bytes of the record: what one row says, and the digest that ties it to the row before."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

#: What the first row follows.
NOTHING_BEFORE: Final = "0" * 64
_LABEL: Final = b"beyou/audit/1\0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Act:
    """Everything that a row says. `previous` is the digest of the row before it."""

    number: int
    previous: str
    id: UUID
    actor_id: UUID | None
    act: str
    subject_id: UUID | None
    object_id: str
    detail: dict[str, Any]
    address: str | None
    created_at: datetime


def canonical(act: Act) -> bytes:
    """JSON with sorted keys, without spaces, in ASCII: the same bytes whatever engine kept the row."""
    said = {
        "number": act.number,
        "previous": act.previous,
        "id": act.id.hex,
        "actor": act.actor_id.hex if act.actor_id else None,
        "act": act.act,
        "subject": act.subject_id.hex if act.subject_id else None,
        "object": act.object_id,
        "detail": act.detail,
        "address": _packed(act.address),
        "at": (act.created_at - _EPOCH) // timedelta(microseconds=1),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")


def digest_of(act: Act) -> str:
    """SHA-256 of the label and the canonical bytes, in hexadecimal."""
    return hashlib.sha256(_LABEL + canonical(act)).hexdigest()


def _packed(address: str | None) -> str | None:
    """Engines write one address in several ways; its bytes are the same in all of them."""
    if not address:
        return None
    try:
        return ip_address(address).packed.hex()
    except ValueError:
        return f"no address: {address}"

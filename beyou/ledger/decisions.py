"""Records of decisions about members: what their anchors hold of them. As pure as `format`.

The log tells nothing of a decision: its document holds a salted commitment alone, and when the salt is erased
with the member, the entry stays and means nothing.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

from beyou.ledger.consensus import canonical_json
from beyou.ledger.format import SALT_SIZE, FormatError, document_value

DECISION_FORMAT: Final = "beyou/decision/1"
RECEIPT_FORMAT: Final = "beyou/decision-receipt/1"
_LABEL: Final = b"beyou/decision/1\0"


def decision_document(salt: bytes, record: str) -> bytes:
    """The document that stands for a record under this salt. Raises FormatError."""
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    hidden = hmac.digest(salt, _LABEL + hashlib.sha256(record.encode()).digest(), "sha256")
    return canonical_json({"format": DECISION_FORMAT, "commitment": hidden.hex()})


def document_id(document: bytes) -> UUID:
    """Under which the entry of an anchored document is found, as that of a message is under its id."""
    return id_of(document_value(document))


def id_of(digest: bytes) -> UUID:
    """The same from the document's SHA-256: its beginning in the form of a random UUID, since MariaDB keeps
    no other bits as one.
    """
    return UUID(bytes=digest[:16], version=4)

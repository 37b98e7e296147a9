"""The first block: who runs this log, under which key, by which consensus."""

from django.db import IntegrityError, transaction

from beyou.core import clock
from beyou.ledger import chain, storage
from beyou.ledger.chain import State
from beyou.ledger.consensus import GENESIS_FORMAT, Policy, canonical_json
from beyou.ledger.format import ZEROS, Entry, Kind, document_value
from beyou.ledger.models import Document
from beyou.ledger.note import Signer


def document(signer: Signer, policy: Policy, now_ms: int) -> bytes:
    """What the genesis entry commits to."""
    key = signer.verifier
    fields = policy.fields() | {"format": GENESIS_FORMAT, "origin": key.name, "created_ms": now_ms}
    return canonical_json(fields | {"vkey": str(key)})


def create(signer: Signer, policy: Policy, proposer: str) -> None:
    """A log exists: block 0 with the genesis entry, stored at once with its document.

    Raises `storage.Raced` when another process made one meanwhile.
    """
    now_ms = clock.now_ms()
    content = document(signer, policy, now_ms)
    value = document_value(content)
    state = State(0, None, ZEROS, policy, value.hex(), {})
    block = chain.next_block(state, [Entry(Kind.GENESIS, value).encode()], now_ms, signer)
    if block is None:
        raise storage.Raced
    try:
        with transaction.atomic():
            Document.objects.create(
                digest_hex=value.hex(), kind=Kind.GENESIS, document=content, created_ms=now_ms
            )
            storage.commit_block(state, block, [], proposer=proposer, policy_hex=value.hex(), seal_us=0)
    except IntegrityError:
        raise storage.Raced from None

"""The public addresses of the ledger: what anyone needs to check it without an account."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from ninja import Query, Router, Schema
from pydantic import Field

from beyou.core.errors import NotFound
from beyou.ledger import queries
from beyou.ledger.merkle import TILE_WIDTH, index_path

router = Router(tags=["ledger"], auth=None)

_POSITION = re.compile(r"(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")
_YEAR = 365 * 24 * 3600


class ConsistencyQuery(Schema):
    old: int = Field(alias="from", ge=1, lt=2**62, description="tree size that the asker holds")
    new: int = Field(alias="to", ge=1, lt=2**62, description="tree size to prove it a prefix of")


class Consistency(Schema):
    old: int = Field(serialization_alias="from")
    new: int = Field(serialization_alias="to")
    path: list[str]


class Block(Schema):
    number: int
    header: str
    hash: str
    proof: str | None
    sealed_ms: int
    attempts: int


def _text(content: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    patch_cache_control(response, no_cache=True)
    return response


@router.get("/ledger/checkpoint")
def get_checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint: a C2SP signed note of origin, tree size and root."""
    return _text(queries.checkpoint().note)


@router.get("/ledger/vkey")
def get_verifier_key(request: HttpRequest) -> HttpResponse:
    """The key that checks the checkpoints of this log."""
    return _text(queries.verifier_key() + "\n")


@router.get("/ledger/tile/{int:level}/{path:position}")
def get_tile(request: HttpRequest, level: int, position: str) -> HttpResponse:
    """Hashes of the tree in the layout of C2SP tlog-tiles; with `.p/<width>` the first so many of a tile."""
    index, width = _parse_position(position)
    response = HttpResponse(queries.tile(level, index, width), content_type="application/octet-stream")
    # What a tile once held never changes.
    patch_cache_control(response, public=True, immutable=True, max_age=_YEAR)
    return response


@router.get("/ledger/blocks/{int:number}", response=Block)
def get_block(request: HttpRequest, number: int) -> dict[str, Any]:
    """One block: the 148 bytes of its header, their hash, and under proof of authority the signature."""
    row = queries.block(number)
    return {
        "number": row.block_no,
        "header": bytes(row.header).hex(),
        "hash": row.hash_hex,
        "proof": bytes(row.proof).hex() if row.proof else None,
        "sealed_ms": row.sealed_ms,
        "attempts": row.attempts,
    }


@router.get("/ledger/proof/consistency", response=Consistency, by_alias=True)
def get_consistency(request: HttpRequest, query: Query[ConsistencyQuery]) -> dict[str, Any]:
    """The proof (RFC 6962 §2.1.2) that a smaller tree of this log is a prefix of a larger one."""
    path = queries.consistency(query.old, query.new)
    return {"old": query.old, "new": query.new, "path": [sibling.hex() for sibling in path]}


def _parse_position(position: str) -> tuple[int, int]:
    """Index and width of a tile. Raises NotFound for any but the one canonical spelling."""
    parts = _POSITION.fullmatch(position)
    if parts is None:
        raise NotFound
    index, width = int(re.sub(r"[x/]", "", parts["index"])), int(parts["width"] or TILE_WIDTH)
    if index_path(index, width) != position:
        raise NotFound
    return index, width

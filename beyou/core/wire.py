"""How bytes travel in JSON: standard base64 with padding, in its one canonical spelling (RFC 4648 §4)."""

from base64 import b64decode, b64encode
from typing import Annotated

from pydantic import BeforeValidator


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def decoded(value: object) -> bytes:
    """Raises `ValueError` for every other spelling: a second one would be a second message."""
    if not isinstance(value, str):
        raise ValueError("must be base64 text")
    data = b64decode(value.encode(), validate=True)
    if encoded(data) != value:
        raise ValueError("is not canonical base64")
    return data


#: A field of a schema.
Base64 = Annotated[bytes, BeforeValidator(decoded)]

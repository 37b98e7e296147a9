"""What the bodies and queries of the API have in common."""

from ninja import Schema
from pydantic import ConfigDict


class Input(Schema):
    """A body or query in which every field is known; others are refused, so that no typing error is lost."""

    model_config = ConfigDict(extra="forbid")

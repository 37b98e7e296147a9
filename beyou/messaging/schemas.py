"""What the API and the socket take and give, field by field. Unknown fields are refused."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    model_validator,
)

from beyou.core.wire import Base64
from beyou.messaging.envelope import Wrap
from beyou.messaging.rules import Draft, Envelope


def _encodable(value: str) -> str:
    """Refuses lone surrogates, which JSON can name but no text holds."""
    value.encode()
    return value


def _hex32(value: object) -> bytes:
    if not isinstance(value, str) or len(value) != 64 or value != value.lower():
        raise ValueError("must be 64 lower-case hexadecimal digits")
    return bytes.fromhex(value)


Hex32 = Annotated[bytes, BeforeValidator(_hex32)]


class Input(BaseModel):
    """Pydantic's own model: ninja's also takes Django objects, and looks at each field in Python for that."""

    # An error that is logged must not carry what somebody wrote.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class StartIn(Input):
    member: UUID


class WrapIn(Input):
    device: UUID
    key_id: Hex32
    wrap: Base64


class DraftIn(Input):
    """A text that the server may read, or a sealed envelope; never both."""

    id: UUID
    text: Annotated[StrictStr, AfterValidator(_encodable)] | None = None
    header: Base64 | None = None
    body: Base64 | None = None
    signature: Base64 | None = None
    wraps: list[WrapIn] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "DraftIn":
        sealed = (self.header, self.body, self.signature, self.wraps)
        complete = all(part is not None for part in sealed)
        if (self.text is not None) == complete or (not complete and any(part is not None for part in sealed)):
            raise ValueError("send either text, or header, body, signature and wraps")
        return self

    def to_draft(self, *, conversation: UUID, sender: UUID) -> Draft:
        content: str | Envelope
        if self.text is not None:
            content = self.text
        else:
            content = Envelope(
                header=self.header or b"",
                body=self.body or b"",
                signature=self.signature or b"",
                wraps=tuple(Wrap(wrap.device, wrap.key_id, wrap.wrap) for wrap in self.wraps or ()),
            )
        return Draft(conversation=conversation, sender=sender, message=self.id, content=content)


class ReceiptIn(Input):
    delivered: StrictInt = 0
    read: StrictInt = 0


class SendFrame(Input):
    ref: str | int | None = None
    conversation: UUID
    draft: DraftIn


class TypingFrame(Input):
    conversation: UUID


class ReceiptFrame(ReceiptIn):
    conversation: UUID


class ConversationsQuery(Input):
    q: Annotated[str, Field(max_length=60)] = ""
    cursor: str = ""


class MessagesQuery(Input):
    """One side only; without a side the newest messages."""

    after: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    before: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50

    @model_validator(mode="after")
    def _one_side(self) -> "MessagesQuery":
        if self.after is not None and self.before is not None:
            raise ValueError("give after or before")
        return self


class WrapOut(BaseModel):
    """The secret of a message, sealed to one key set of the member who asks."""

    device: UUID
    key_id: str
    wrap: str


class RemovedOut(BaseModel):
    """The staff removed the message. Show the reason in its place."""

    reason: str
    at_ms: int


class MessageOut(BaseModel):
    """A message. Bytes are base64."""

    id: UUID
    conversation: UUID
    seq: int
    sender: UUID
    mode: Literal["standard", "end_to_end"]
    header: str = Field(description="Empty of an erased or removed message, as `body` is.")
    body: str
    signature: str | None
    wraps: list[WrapOut]
    received_ms: int
    text: str | None = Field(
        description="Null where only browsers can read it, and of a damaged, erased or removed message."
    )
    damaged: bool = Field(description="What is stored was altered.")
    erased: bool = Field(description="Its author erased their account.")
    removed: RemovedOut | None = Field(
        description="Set while the staff withhold it. It can come back, as it was, under the same id."
    )


class MessagePage(BaseModel):
    items: list[MessageOut]
    next: int | None


class ProofsQuery(Input):
    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    pinned: Annotated[int, Field(ge=0, lt=2**63)] = 0


class RosterQuery(Input):
    device: UUID | None = None


class ReceiptQuery(Input):
    format: Literal["json", "tlog-proof"] = "json"

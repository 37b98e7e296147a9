"""Facts about payments. Heard at least once, in any order."""

from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class PaymentSettled(Event):
    """The money is in escrow. It may come after `PaymentFailed`: late success is success."""

    payment_id: UUID
    reference: UUID


@dataclass(frozen=True)
class PaymentFailed(Event):
    """Nothing was charged. `reason` is a code, such as `card_declined` or `cancelled`."""

    payment_id: UUID
    reference: UUID
    reason: str


@dataclass(frozen=True)
class PaymentRefunded(Event):
    """The gateway has sent so much of one share back to the buyer."""

    payment_id: UUID
    reference: UUID
    share_reference: UUID
    amount_minor: int

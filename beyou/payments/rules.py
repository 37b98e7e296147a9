"""How money may move, and how a payment goes on. Pure: no Django, clock or chance.

Amounts are whole numbers of the smallest unit of a currency (ISO 4217), such as cents.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

#: Nobody on a market of ours pays more at once; it leaves room for sums in 64 bits.
MOST_MINOR: Final = 10**12
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class AccountKind(StrEnum):
    """Whose or what for the money of an account is."""

    #: The world outside, through one gateway: what it gave us, below zero.
    GATEWAY = "gateway"
    #: Charged to a buyer and not yet shared out.
    BUYER = "buyer"
    #: Held for a seller until the goods arrived.
    ESCROW = "escrow"
    #: A seller may have it paid out.
    SELLER = "seller"
    #: What the instance laid out for a seller whose money was gone: below zero until later sales cover it.
    DEBT = "debt"
    #: What the instance earned.
    FEES = "fees"
    #: On its way back to buyers.
    REFUNDS = "refunds"
    #: On its way to the banks of sellers.
    PAYOUTS = "payouts"


#: Kinds that exist once for each member, and those that exist once for each gateway.
_OF_MEMBERS: Final = frozenset({AccountKind.BUYER, AccountKind.ESCROW, AccountKind.SELLER, AccountKind.DEBT})
#: The two kinds that may be below zero; nobody has a debt of more than nothing.
BELOW_ZERO: Final = frozenset({AccountKind.GATEWAY, AccountKind.DEBT})


@dataclass(frozen=True, slots=True, order=True)
class AccountKey:
    """Names one account: what for, in which currency, and of whom (a member, a gateway, or nobody)."""

    kind: AccountKind
    currency: str
    holder: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.currency}:{self.holder}"

    @property
    def member_id(self) -> UUID | None:
        return UUID(self.holder) if self.kind in _OF_MEMBERS else None


@dataclass(frozen=True, slots=True)
class Move:
    """So much from one account to another. What one loses the other gains: no money is made or lost."""

    source: AccountKey
    target: AccountKey
    amount_minor: int


def check_moves(moves: Sequence[Move]) -> None:
    """Raises `ValueError` for moves that no book could hold."""
    if not moves:
        raise ValueError("a transfer moves something")
    for move in moves:
        check_amount(move.amount_minor)
        check_currency(move.source.currency)
        if move.source == move.target:
            raise ValueError("money moves between two accounts")
        if move.source.currency != move.target.currency:
            raise ValueError("money does not change its currency on the way")


def check_amount(amount_minor: int) -> None:
    """Raises `ValueError` for what is no positive whole amount."""
    if type(amount_minor) is not int or not 0 < amount_minor <= MOST_MINOR:
        raise ValueError(f"an amount is a whole number from 1 to {MOST_MINOR}")


def check_currency(currency: str) -> None:
    """Raises `ValueError` for what is no currency code."""
    if not _CURRENCY.fullmatch(currency):
        raise ValueError("a currency is three capital letters")


def changes(moves: Sequence[Move]) -> dict[AccountKey, int]:
    """What each account gains, below zero for what it loses. They sum to zero in every currency."""
    gained: dict[AccountKey, int] = defaultdict(int)
    for move in moves:
        gained[move.source] -= move.amount_minor
        gained[move.target] += move.amount_minor
    return dict(gained)


def may_hold(kind: AccountKind, balance_minor: int) -> bool:
    """Whether an account of this kind may stand so."""
    if kind is AccountKind.DEBT:
        return balance_minor <= 0
    return balance_minor >= 0 or kind in BELOW_ZERO


class Progress(StrEnum):
    """How far a payment is, as its gateway says."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


class State(StrEnum):
    """How far a payment is, as our books say."""

    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    CANCELLING = "cancelling"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"


#: Something may still happen by itself.
OPEN: Final = frozenset({State.CREATED, State.REQUIRES_ACTION, State.PROCESSING, State.CANCELLING})

_NEXT: Final[dict[tuple[State, Progress], State]] = {
    **{(state, Progress.PAID): State.SETTLED for state in State if state is not State.SETTLED},
    **{(state, Progress.FAILED): State.FAILED for state in OPEN},
    **{(state, Progress.CANCELLED): State.CANCELLED for state in OPEN},
    (State.CREATED, Progress.OPEN): State.REQUIRES_ACTION,
    (State.CREATED, Progress.PROCESSING): State.PROCESSING,
    (State.REQUIRES_ACTION, Progress.PROCESSING): State.PROCESSING,
}


def after(state: State, progress: Progress) -> State | None:
    """The state once the gateway said so; None when it tells nothing new. What is paid stays paid, and
    late success is success: the money is there.
    """
    return _NEXT.get((state, progress))


class Step(StrEnum):
    """How far a refund or a payout is."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ShareOf:
    """What one seller gets of a payment, before the fee, and the fee."""

    seller_id: UUID
    amount_minor: int
    fee_minor: int
    reference: UUID


def check_shares(amount_minor: int, currency: str, shares: Sequence[ShareOf]) -> None:
    """Raises `ValueError` unless the shares are exactly the amount and each fee is within its share."""
    check_amount(amount_minor)
    check_currency(currency)
    for share in shares:
        check_amount(share.amount_minor)
        if type(share.fee_minor) is not int or not 0 <= share.fee_minor <= share.amount_minor:
            raise ValueError("a fee is a whole number within its share")
    if len({share.reference for share in shares}) != len(shares):
        raise ValueError("each share has a reference of its own")
    if sum(share.amount_minor for share in shares) != amount_minor:
        raise ValueError("the shares are not the amount")


def digest(
    payer_id: UUID, reference: UUID, amount_minor: int, currency: str, shares: Sequence[ShareOf]
) -> str:
    """The same for two requests that ask for the same charge, and for no others."""
    lines = [f"{payer_id} {reference} {amount_minor} {currency}"]
    lines += sorted(f"{s.reference} {s.seller_id} {s.amount_minor} {s.fee_minor}" for s in shares)
    return sha256("\n".join(lines).encode()).hexdigest()


def fee_of(amount_minor: int, basis_points: int) -> int:
    """The commission on an amount, in hundredths of a per cent, rounded down."""
    return amount_minor * basis_points // 10_000


def fee_on_release(amount_minor: int, fee_minor: int, released_minor: int) -> int:
    """The part of a share's fee that belongs to what is released of it, rounded down."""
    return fee_minor * released_minor // amount_minor


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the money of a refund comes from."""

    held: int
    seller: int
    fees: int


def held_again(available_minor: int, *, released_minor: int, fee_taken_minor: int) -> Origin:
    """What of released money is held again where the seller has only so much left: the seller's part as far
    as it is there, and the instance's part with it. `held` is the sum of both.
    """
    theirs = released_minor - fee_taken_minor
    seller = max(0, min(available_minor, theirs))
    fees = fee_taken_minor * seller // theirs if theirs else fee_taken_minor
    return Origin(seller + fees, seller, fees)


def refund_origin(
    amount_minor: int, *, held_minor: int, released_minor: int, fee_taken_minor: int
) -> Origin | None:
    """First what is still held; then of what was released, the seller's and the instance's part alike.
    None when that is more than what is left. `released_minor` contains `fee_taken_minor`.
    """
    if amount_minor > held_minor + released_minor:
        return None
    held = min(amount_minor, held_minor)
    rest = amount_minor - held
    # The fee is rounded up here, so that the seller never gives back more than their part.
    fees = -(-fee_taken_minor * rest // released_minor) if rest else 0
    return Origin(held, rest - fees, fees)

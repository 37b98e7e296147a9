"""What the ledger stores about messages and orders of members, and its fate after an erasure. The receipts in
the copy of a member's data come from the apps that know whose they are.
"""

from beyou.core import personal
from beyou.core.personal import Fate, declare
from beyou.ledger.leaving import is_erasing

_RECEIPTS = "conversations/"

declare(
    "ledger.SaltRow",
    what="What ties your messages to the ledger",
    copied=_RECEIPTS,
)
declare(
    "ledger.EntryRow",
    what="Entries of the ledger",
    fate=Fate.KEPT,
    why="Without its salt an entry is a number that means nothing; to remove it would break later proofs.",
    copied=_RECEIPTS,
)
declare(
    *("ledger.StepRow", "actor_id"),
    what="Steps of orders that you took, as the ledger recorded them",
    fate=Fate.EMPTIED,
    why="Of each only its place in the order and its time are left, so that the other side can still check"
    " the rest. What it said and what ties it to the ledger are destroyed.",
    copied="market/proofs.json",
)
declare(
    *("ledger.PendingErasure", "member_id"),
    what="The list of what an erasure has still to do",
    not_copied="There is nothing on it before the account is erased.",
)
personal.unfinished(is_erasing)
declare(
    "ledger.OutboxRow",
    what="Entries that wait for the ledger",
    fate=Fate.KEPT,
    why="They become entries of the ledger within a second.",
    not_copied="They are in the ledger before the copy is made.",
)
declare(
    "ledger.RemovalRow",
    what="Records that the staff removed messages of yours, or put them back",
    fate=Fate.EMPTIED,
    why="Of each only its time is left. What it said and what ties it to the ledger are destroyed.",
    copied=_RECEIPTS,
)
declare(
    "ledger.ErasureRow",
    what="Records that messages were erased",
    fate=Fate.KEPT,
    why="Without them a friend's browser would have to call an erased message stolen.",
    copied=_RECEIPTS,
)

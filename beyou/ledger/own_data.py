"""What the ledger stores about messages of members, and its fate after an erasure. The receipts in the copy
of a member's data come from the app that knows whose messages they are.
"""

from beyou.core.personal import Fate, declare

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
    "ledger.OutboxRow",
    what="Entries that wait for the ledger",
    fate=Fate.KEPT,
    why="They become entries of the ledger within a second.",
    not_copied="They are in the ledger before the copy is made.",
)
declare(
    "ledger.ErasureRow",
    what="Records that messages were erased",
    fate=Fate.KEPT,
    why="Without them a friend's browser would have to call an erased message stolen.",
    copied=_RECEIPTS,
)

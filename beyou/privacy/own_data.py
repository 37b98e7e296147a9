"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from beyou.core.personal import Fate, declare

declare(
    *("privacy.DataExport", "member", "open_of"),
    what="Copies of your data",
    not_copied="It is the copy that you are reading.",
)
declare(
    *("privacy.Erasure", "member_id"),
    what="The report of your erasure",
    fate=Fate.KEPT,
    why="It shows that you were erased and what remained. It names nobody; your address is gone from it"
    " once the last mail is sent.",
    not_copied="There is none before you leave.",
)

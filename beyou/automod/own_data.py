"""What this app stores about a member, and its fate after an erasure."""

from beyou.core.personal import Fate, declare

declare(
    *("automod.Finding", "member"),
    what="What the automatic help asked the staff to look at",
    not_copied="It is a question to the staff, forgotten after some months. What they decide about you stands"
    " among the decisions.",
    mentions=("object_id",),
)
declare(
    "automod.WatchedWord",
    what="Words that the staff watch for",
    fate=Fate.KEPT,
    why="They are the place's. The id of who added one leads nowhere after an erasure.",
    not_copied="They belong to the place; the audit shows who added them.",
    mentions=("added_by_id",),
)

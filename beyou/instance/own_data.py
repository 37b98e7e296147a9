"""What invitations say about members."""

from beyou.core.personal import Fate, declare

declare(
    "instance.Invitation",
    what="Invitations that owners made",
    fate=Fate.KEPT,
    why="They are the place's, not their maker's. The id of who made one leads nowhere after an erasure.",
    not_copied="They belong to the place; the audit shows who made them.",
    mentions=("made_by_id",),
)
declare(
    "instance.Announcement",
    what="Announcements of the staff",
    fate=Fate.KEPT,
    why="They are the place's words. The id of who wrote one leads nowhere after an erasure.",
    not_copied="They belong to the place; everybody can read them.",
    mentions=("made_by_id",),
)

"""What the record says about members, and its fate after an erasure."""

from beyou.core.personal import Fate, declare

declare(
    *("audit.AuditRecord", "actor_id", "subject_id"),
    what="The record of what staff did",
    fate=Fate.KEPT,
    why="It shows that staff kept to the rules. It holds ids and reasons, and the ids lead nowhere.",
    not_copied="It is about what staff did; ask the people who run this place for what concerns you.",
)

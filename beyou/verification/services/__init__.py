"""What members and reviewers do with a request. Each function is one step, whole or not at all."""

from beyou.verification.services.apply import NOBODY_ABOVE, resubmit, submit, withdraw
from beyou.verification.services.documents import (
    OpenedDocument,
    delete_due_documents,
    erase_member,
    open_document,
)
from beyou.verification.services.review import (
    approve,
    ask_again,
    claim,
    escalate,
    reject,
    release,
    revoke,
    settle,
    undo,
)
from beyou.verification.services.several import (
    Several,
    approve_many,
    claim_many,
    reject_many,
    release_many,
    undo_many,
)

__all__ = [
    "NOBODY_ABOVE",
    "OpenedDocument",
    "Several",
    "approve",
    "approve_many",
    "ask_again",
    "claim",
    "claim_many",
    "delete_due_documents",
    "erase_member",
    "escalate",
    "open_document",
    "reject",
    "reject_many",
    "release",
    "release_many",
    "resubmit",
    "revoke",
    "settle",
    "submit",
    "undo",
    "undo_many",
    "withdraw",
]

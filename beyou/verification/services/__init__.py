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

__all__ = [
    "NOBODY_ABOVE",
    "OpenedDocument",
    "approve",
    "ask_again",
    "claim",
    "delete_due_documents",
    "erase_member",
    "escalate",
    "open_document",
    "reject",
    "release",
    "resubmit",
    "revoke",
    "settle",
    "submit",
    "undo",
    "withdraw",
]

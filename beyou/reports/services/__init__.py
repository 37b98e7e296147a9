"""What members and the staff do with reports. Each function is whole or not at all."""

from beyou.reports.services.decide import (
    dismiss,
    dismiss_many,
    hold,
    let_go,
    open_case,
    open_picture,
    reopen,
    sanction,
    sanction_many,
    settle,
    take_off,
)
from beyou.reports.services.found import report_finding
from beyou.reports.services.keep import erase_member, forget_old
from beyou.reports.services.remove import forget_removed, put_back, remove, remove_messages
from beyou.reports.services.report import report
from beyou.reports.services.undo import Undone, undo

__all__ = [
    "Undone",
    "dismiss",
    "dismiss_many",
    "erase_member",
    "forget_old",
    "forget_removed",
    "hold",
    "let_go",
    "open_case",
    "open_picture",
    "put_back",
    "remove",
    "remove_messages",
    "reopen",
    "report",
    "report_finding",
    "sanction",
    "sanction_many",
    "settle",
    "take_off",
    "undo",
]

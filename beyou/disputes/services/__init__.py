"""What the two sides of a claim and the staff do. Each function is one step, whole or not at all."""

from beyou.core import crash
from beyou.disputes.services.deciding import decide, hold, let_go, open_case, open_picture
from beyou.disputes.services.evidence import forget, quote
from beyou.disputes.services.steps import (
    accept,
    agree,
    claim,
    contest,
    decline,
    escalate_due,
    leave,
    offer,
    say,
    withdraw,
)

__all__ = [
    "accept",
    "agree",
    "claim",
    "contest",
    "decide",
    "decline",
    "escalate_due",
    "forget",
    "hold",
    "leave",
    "let_go",
    "offer",
    "open_case",
    "open_picture",
    "quote",
    "say",
    "withdraw",
]

crash.declare("disputes.claiming", "disputes.escalating", "disputes.settling", "disputes.deciding")

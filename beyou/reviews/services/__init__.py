"""Rating, replying, and the moment at which both sides may read."""

from beyou.reviews.services.giving import erase_words, rate, reply, report, set_reminders
from beyou.reviews.services.showing import open_exchange, remind_due, show_due

__all__ = [
    "erase_words",
    "open_exchange",
    "rate",
    "remind_due",
    "reply",
    "report",
    "set_reminders",
    "show_due",
]

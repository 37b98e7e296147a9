"""Mail in development: printed on the console and shown at /dev/mail. Nothing leaves the machine."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.mail.backends.console import EmailBackend
from django.core.mail.message import EmailMessage

from beyou.core import clock


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail that would have been sent."""

    to: str
    subject: str
    body: str
    at: datetime


_caught: deque[CaughtMail] = deque(maxlen=50)


def caught() -> list[CaughtMail]:
    """The last mails of this process, newest first."""
    return list(_caught)


class DevelopmentBackend(EmailBackend):
    """Keeps the last mails in memory besides printing them."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            _caught.appendleft(
                CaughtMail(", ".join(message.to), str(message.subject), str(message.body), clock.now())
            )
        return super().send_messages(email_messages)

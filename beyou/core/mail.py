"""The way out for mail: one template, one address."""

from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from beyou.core.errors import ApplicationError
from beyou.core.ports.naming import instance_name

log = structlog.get_logger()


class MailNotSent(ApplicationError):
    code, status, title = "mail_not_sent", 503, "The mail could not be sent"


def send(template: str, to: str, context: Mapping[str, Any] | None = None) -> None:
    """The mail server has taken the mail. The first line of the template is the subject; it knows
    `instance_name` and `origin` besides the context. Raises `MailNotSent`.

    Talking to a mail server is slow: call it from a handler of an event unless the page must say how it went.
    """
    text = render_to_string(
        template,
        {"instance_name": instance_name(), "origin": settings.LINK_ORIGIN} | dict(context or {}),
    )
    subject, _, body = text.strip().partition("\n")
    try:
        EmailMessage(subject, body.strip() + "\n", to=[to]).send()
    except (OSError, SMTPException):
        log.exception("mail.failed", template=template)
        raise MailNotSent("Our mail server did not take it. Please try again in a few minutes.") from None

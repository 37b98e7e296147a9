"""What the health of the instance refuses."""

from beyou.core.errors import ApplicationError, NotFound


class NoSuchCheck(NotFound):
    code, status, title = "no_such_check", 404, "There is no such check"


class WebhookRefused(ApplicationError):
    code, status, title = "webhook_refused", 502, "The alert webhook did not take it"

"""What can go wrong around accounts."""

from beyou.core.errors import ApplicationError, NotAllowed


class AccountClosed(NotAllowed):
    code, title = "account_closed", "This account is closed"


class MailNotSent(ApplicationError):
    code, status, title = "mail_not_sent", 503, "The mail could not be sent"

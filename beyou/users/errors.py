"""What can go wrong around accounts."""

from beyou.core.errors import NotAllowed


class AccountClosed(NotAllowed):
    code, title = "account_closed", "This account is closed"

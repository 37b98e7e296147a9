"""What can go wrong around accounts."""

from beyou.core.errors import ApplicationError, NotAllowed


class AccountClosed(NotAllowed):
    code, title = "account_closed", "This account is closed"


class TooManyTokens(NotAllowed):
    code, title = "too_many_tokens", "Too many tokens"


class TokenMadeBefore(ApplicationError):
    code, status, title = "token_made_before", 409, "This token was made before"


class InvalidToken(NotAllowed):
    code, status, title = "invalid_token", 401, "This token does not work"


class InsufficientScope(NotAllowed):
    code, title = "insufficient_scope", "The token does not allow this"


class SessionNeeded(NotAllowed):
    code, title = "session_needed", "No token opens this"


class LastOwner(NotAllowed):
    code, status, title = "last_owner", 409, "This is the last owner"

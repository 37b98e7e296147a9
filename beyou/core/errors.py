"""One kind of error for everything that a member can do wrong, mapped once to page, JSON and frame."""

from typing import Any, ClassVar


class ApplicationError(Exception):
    """What was asked cannot be done. `code` is stable and public; `detail` says what, why and what next."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "That did not work"

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """RFC 9457 problem details."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        } | self.extra


class NotFound(ApplicationError):
    code, status, title = "not_found", 404, "Nothing here"

    def __init__(self, detail: str = "There is nothing at this address, or it is not yours to see.") -> None:
        super().__init__(detail)


class NotAllowed(ApplicationError):
    code, status, title = "not_allowed", 403, "Not allowed"


class InvalidInput(ApplicationError):
    code, status, title = "invalid", 422, "Please check what you entered"


class UnknownField(InvalidInput):
    code, title = "unknown_field", "Unknown field"


class RateLimited(ApplicationError):
    code, status, title = "rate_limited", 429, "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Please try again in {_span(retry_after)}.", retry_after=retry_after)


class StoreAway(ApplicationError):
    """The store that all processes share does not answer. What needs it waits; sessions do not."""

    code, status, title = "store_away", 503, "This has to wait a moment"

    def __init__(self) -> None:
        super().__init__(
            "A part of the server that this needs does not answer just now. Nothing was changed, and whoever"
            " is signed in stays so. Please try again in a minute.",
            retry_after=60,
        )


def _span(seconds: int) -> str:
    if seconds < 100:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"

"""What can go wrong with copies and leaving."""

from beyou.core.errors import ApplicationError


class TooLateToStay(ApplicationError):
    code, status, title = "too_late_to_stay", 410, "It is too late"

    def __init__(self) -> None:
        super().__init__(
            "The fortnight is over and this account is being erased. You can join again any time."
        )

"""What can go wrong between members."""

from beyou.core.errors import ApplicationError, NotAllowed


class RelationChanged(ApplicationError):
    """The page was older than what happened since."""

    code, status, title = "relation_changed", 409, "Something changed meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "This request was answered or taken back meanwhile. Load the page again to see how it is."
        )


class TakesNoRequests(NotAllowed):
    """The other chose who may ask for friendship, and this member is not among them."""

    code, title = "takes_no_requests", "This person takes no requests"

"""What members are told of, and in which words."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Why there is a notice: about an actor, or about nobody in particular."""

    FRIEND_REQUEST = "friend_request"
    FRIEND_ACCEPTED = "friend_accepted"
    SECURITY = "security"
    EXPORT_READY = "export_ready"
    EXPORT_FAILED = "export_failed"


#: What follows the actor's name, or the whole sentence where there is none.
TEXTS: Final[dict[Kind, str]] = {
    Kind.FRIEND_REQUEST: "wants to be your friend.",
    Kind.FRIEND_ACCEPTED: "is now your friend.",
    Kind.SECURITY: "Something happened to your account. Look whether it was you.",
    Kind.EXPORT_READY: "The copy of your data is ready. You can fetch it for seven days.",
    Kind.EXPORT_FAILED: "The copy of your data could not be made. Please ask for it again.",
}

#: The icon of a notice without an actor.
ICONS: Final[dict[Kind, str]] = {
    Kind.SECURITY: "shield-alert",
    Kind.EXPORT_READY: "download",
    Kind.EXPORT_FAILED: "triangle-alert",
}

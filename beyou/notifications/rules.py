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
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNVERIFIED = "unverified"
    EMAIL_CHANGED = "email_changed"
    RENAME_GRANTED = "rename_granted"
    RENAME_REFUSED = "rename_refused"
    STAFF_ALERT = "staff_alert"


#: What follows the actor's name, or the whole sentence where there is none.
TEXTS: Final[dict[Kind, str]] = {
    Kind.FRIEND_REQUEST: "wants to be your friend.",
    Kind.FRIEND_ACCEPTED: "is now your friend.",
    Kind.SECURITY: "Something happened to your account. Look whether it was you.",
    Kind.EXPORT_READY: "The copy of your data is ready. You can fetch it for seven days.",
    Kind.EXPORT_FAILED: "The copy of your data could not be made. Please ask for it again.",
    Kind.VERIFIED: "You are verified now. See what it unlocks.",
    Kind.NOT_VERIFIED: "Your request to be verified needs something from you.",
    Kind.UNVERIFIED: "Your verification was taken back. Read why.",
    Kind.EMAIL_CHANGED: "The e-mail address of your account was changed.",
    Kind.RENAME_GRANTED: "Your new name shows from now on.",
    Kind.RENAME_REFUSED: "Our staff did not grant your new name. See why.",
    Kind.STAFF_ALERT: "Something about sign-ins needs the eyes of the staff.",
}

#: The icon of a notice without an actor.
ICONS: Final[dict[Kind, str]] = {
    Kind.SECURITY: "shield-alert",
    Kind.STAFF_ALERT: "shield-alert",
    Kind.EXPORT_READY: "download",
    Kind.EXPORT_FAILED: "triangle-alert",
    Kind.VERIFIED: "badge-check",
    Kind.NOT_VERIFIED: "circle-alert",
    Kind.UNVERIFIED: "circle-alert",
    Kind.EMAIL_CHANGED: "at-sign",
    Kind.RENAME_GRANTED: "circle-check",
    Kind.RENAME_REFUSED: "triangle-alert",
}

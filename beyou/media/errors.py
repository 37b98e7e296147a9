"""What can be wrong with a picture, and what to do about it."""

from beyou.core.errors import ApplicationError, InvalidInput


class NotAnImage(ApplicationError):
    code, status, title = "not_an_image", 415, "This is not a picture"


class ImageTooLarge(ApplicationError):
    code, status, title = "image_too_large", 413, "This picture is too large"


class ImageTooSmall(InvalidInput):
    code, title = "image_too_small", "This picture is too small"


class UnreadableImage(InvalidInput):
    code, title = "unreadable_image", "This picture cannot be read"


class QuotaUsedUp(ApplicationError):
    code, status, title = "quota_used_up", 409, "There is no room for more pictures"


class MediaLost(ApplicationError):
    code, status, title = "media_lost", 410, "The file of this picture is lost"

"""What can go wrong with ratings."""

from beyou.core.errors import ApplicationError, InvalidInput


class BadRating(InvalidInput):
    code, title = "bad_rating", "Please check your rating"


class NotDelivered(ApplicationError):
    code, status, title = "not_delivered", 409, "It is not delivered yet"


class RatingClosed(ApplicationError):
    code, status, title = "rating_closed", 409, "The time to rate is over"


class StarsStand(ApplicationError):
    """The other side has read them."""

    code, status, title = "stars_stand", 409, "The stars stand"


class AlreadyReplied(ApplicationError):
    code, status, title = "already_replied", 409, "You have replied"

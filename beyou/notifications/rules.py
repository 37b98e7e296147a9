"""What members are told of."""

from enum import StrEnum


class Kind(StrEnum):
    """Why there is a notice; always about an actor."""

    FRIEND_REQUEST = "friend_request"
    FRIEND_ACCEPTED = "friend_accepted"

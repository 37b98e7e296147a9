"""Why a conversation or a message is refused. The codes are public and stable."""

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed

#: Only friends write to each other; what was said stays.
FRIENDSHIP_ENDED = "You are no longer friends. Become friends again to write; what was said stays readable."


class NotFriends(NotAllowed):
    code, title = "not_friends", "You are not friends"


class Unavailable(NotAllowed):
    """The other account is closed or suspended, for now or for good: the answer does not say which."""

    code, title = "unavailable", "This person cannot be reached"

    def __init__(self) -> None:
        super().__init__("Messages to this person are not possible at the moment.")


class RosterChanged(ApplicationError):
    code, status, title = "roster_changed", 409, "The recipients' keys have changed"


class CounterConflict(ApplicationError):
    code, status, title = "counter_conflict", 409, "Another message of this browser came first"


class IdTaken(ApplicationError):
    code, status, title = "id_taken", 409, "This message id is taken"


class BadEnvelope(InvalidInput):
    code, title = "bad_envelope", "The encrypted message is malformed"


class BadSignature(InvalidInput):
    code, title = "bad_signature", "The signature does not match"


class ClockSkew(InvalidInput):
    code, title = "clock_skew", "The clock of this browser is wrong"


class WrongMode(InvalidInput):
    code, title = "wrong_mode", "This conversation uses another kind of message"


class Empty(InvalidInput):
    code, title = "empty", "The message is empty"


class TooLong(ApplicationError):
    code, status, title = "too_long", 413, "The message is too long"


class Irremovable(ApplicationError):
    """The staff cannot remove a message: it is gone, altered, removed already, or of somebody else."""

    code, status, title = "irremovable", 409, "The message cannot be removed"


class TakesNoChats(NotAllowed):
    """The other chose that nobody begins a chat; the ones that exist go on."""

    code, title = "takes_no_chats", "This person takes no new chats"

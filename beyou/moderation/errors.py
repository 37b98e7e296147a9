"""What can go wrong with decisions about members."""

from beyou.core.errors import ApplicationError


class AlreadySuspended(ApplicationError):
    code, status, title = "already_suspended", 409, "There is a suspension already"


class AlreadyLimited(ApplicationError):
    code, status, title = "already_limited", 409, "There is a limit already"


class DecisionMoved(ApplicationError):
    code, status, title = "decision_moved", 409, "The decision has moved on"


class SecondOpinionNeeded(ApplicationError):
    code, status, title = "second_opinion_needed", 409, "Somebody else must decide that"


class AlreadyAppealed(ApplicationError):
    code, status, title = "already_appealed", 409, "You have said something against this decision already"

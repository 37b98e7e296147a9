"""What can go wrong with reports."""

from beyou.core.errors import ApplicationError


class AlreadyReported(ApplicationError):
    code, status, title = "already_reported", 409, "You have reported this already"


class CaseMoved(ApplicationError):
    code, status, title = "case_moved", 409, "The case has moved on"


class CaseHeld(ApplicationError):
    code, status, title = "case_held", 409, "Somebody else is looking at it"


class CaseNotHeld(ApplicationError):
    code, status, title = "case_not_held", 409, "You do not hold this case"

"""What can go wrong around verification."""

from beyou.core.errors import ApplicationError, NotAllowed


class VerificationRequired(NotAllowed):
    code, title = "verification_required", "This is for verified members"

    def __init__(self) -> None:
        super().__init__("Whoever uses it has shown the staff who they are. It takes a minute to ask for it.")


class RequestOpen(ApplicationError):
    code, status, title = "request_open", 409, "Your request is already with us"


class AlreadyVerified(ApplicationError):
    code, status, title = "already_verified", 409, "You are verified already"


class NobodyAbove(NotAllowed):
    code, title = "nobody_above", "Nobody may decide this request"


class RequestMoved(ApplicationError):
    code, status, title = "request_moved", 409, "The request has changed meanwhile"


class NotClaimed(ApplicationError):
    code, status, title = "not_claimed", 409, "Claim the request first"


class ClaimedByOther(ApplicationError):
    code, status, title = "claimed_by_other", 409, "Somebody else has claimed it"


class SecondReviewerNeeded(ApplicationError):
    code, status, title = "second_reviewer_needed", 409, "Another reviewer must look at it"


class HandedOn(ApplicationError):
    code, status, title = "handed_on", 409, "This request was handed on"


class NobodyToHelp(ApplicationError):
    code, status, title = "nobody_to_help", 409, "Nobody else could take it"


class TooLateToUndo(ApplicationError):
    code, status, title = "too_late_to_undo", 409, "It is too late to take this back"


class DocumentGone(ApplicationError):
    code, status, title = "document_gone", 410, "The document has been deleted"

"""What can go wrong with a claim."""

from beyou.core.errors import ApplicationError, InvalidInput


class CannotClaim(ApplicationError):
    """`why` is a `rules.Refusal`."""

    code, status, title = "cannot_claim", 409, "You cannot report a problem with this"


class ClaimMoved(ApplicationError):
    code, status, title = "claim_moved", 409, "The claim has moved on"


class HeldByOther(ApplicationError):
    code, status, title = "held_by_other", 409, "A colleague is looking at it"


class NotHeld(ApplicationError):
    code, status, title = "not_held", 409, "It is not yours"


class SecondNeeded(ApplicationError):
    code, status, title = "second_needed", 409, "Somebody else must agree"


class TooMuchEvidence(InvalidInput):
    code, title = "too_much_evidence", "That is more than anybody can read"

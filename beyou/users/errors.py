"""What can go wrong around accounts and profiles."""

import datetime as dt

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed


class NewPasswordNeeded(NotAllowed):
    code, title = "new_password_needed", "This account needs a new password first"

    def __init__(self) -> None:
        super().__init__(
            "Its member said that somebody else was in it. Set a new one under Settings, then go on."
        )


class Suspended(NotAllowed):
    """`at` is where the member reads why."""

    code, status, title = "suspended", 403, "Your account is suspended"


class AwaitsApproval(NotAllowed):
    """`at` is where whoever waits reads how it stands."""

    code, status, title = "awaits_approval", 403, "You wait to be let in"

    def __init__(self) -> None:
        super().__init__(
            "Our staff look at who wants to join. You read how it stands at /waiting.", at="/waiting"
        )


class JoiningDecided(ApplicationError):
    code, status, title = "joining_decided", 409, "It is decided already"


class Limited(NotAllowed):
    """`until` is when it ends by itself, `why` the reason, `at` where the member reads more and objects."""

    code, status, title = "limited", 403, "Your reach is limited for a time"

    def __init__(self, until: dt.datetime, why: str) -> None:
        super().__init__(
            f"Our staff limited what you can do with people who are not your friends, until"
            f" {until:%-d %B %Y, %H:%M} UTC. The reason: {why.lower()}. Read more, and object if you like, on"
            " the page of decisions.",
            until=until.isoformat(),
            why=why,
            at="/decisions",
        )


class AddressBlocked(NotAllowed):
    code, status, title = "address_blocked", 403, "Signing in is not possible from here"

    def __init__(self) -> None:
        super().__init__(
            "The network that you use is blocked for a time, which need not be your doing. Try another one,"
            " or ask the people who run this instance."
        )


class RangeRefused(InvalidInput):
    code, title = "range_refused", "This range cannot be blocked"


class OwnAddress(NotAllowed):
    code, status, title = "own_address", 409, "You are in this range"

    def __init__(self) -> None:
        super().__init__("You would lock yourself out. Nothing was changed.")


class BlockedAlready(ApplicationError):
    code, status, title = "blocked_already", 409, "This range is blocked already"

    def __init__(self) -> None:
        super().__init__("Lift that block first if it should end at another time.")


class BlockOver(ApplicationError):
    code, status, title = "block_over", 409, "This block is over"

    def __init__(self) -> None:
        super().__init__("Its time came, or somebody else lifted it. Nothing was changed.")


class AccountClosed(NotAllowed):
    code, title = "account_closed", "This account is closed"


class StaffMustStepDown(NotAllowed):
    code, title = "staff_must_step_down", "Staff cannot delete their account"

    def __init__(self) -> None:
        super().__init__(
            "You have rights over other members. Ask an owner of this place to take your levels back first."
        )


class SecondStepNeeded(NotAllowed):
    code, title = "second_step_needed", "Your second step is missing"


class WrongSecondStep(NotAllowed):
    code, title = "wrong_second_step", "That was not your second step"


class LinkOver(ApplicationError):
    """Used, too old, tried too often or never ours: the answer does not say which."""

    code, status, title = "link_over", 410, "This link is over"

    def __init__(self) -> None:
        super().__init__(
            "It was used already, is too old or was tried too often. Nothing was changed; ask for a new one."
        )


class NotPaid(ApplicationError):
    """The toll for robots (`proof_of_work`) was not paid, or with an answer that is used up."""

    code, title = "proof_of_work", "The check against robots failed"

    def __init__(self) -> None:
        super().__init__(
            "Its answer is missing, wrong, used already or too old. In a browser it needs JavaScript and"
            " starts again by itself; an app asks for another question."
        )


class RecoveryOpen(ApplicationError):
    code, status, title = "recovery_open", 409, "There is a request already"

    def __init__(self, since: dt.datetime) -> None:
        super().__init__(f"It waits since {since:%d.%m.%Y, %H:%M} UTC. Its mail says what comes next.")


class RecoveryOver(ApplicationError):
    code, status, title = "recovery_over", 409, "This request is over"

    def __init__(self) -> None:
        super().__init__("It was cancelled, refused, used or is too old. Load the page again to see which.")


class AlreadyApproved(ApplicationError):
    code, status, title = "already_approved", 409, "You agreed already"

    def __init__(self) -> None:
        super().__init__("Now somebody else of the staff must look at it.")


class NotAbove(NotAllowed):
    code, title = "not_above", "Nobody acts on oneself, on equals or upwards"

    def __init__(self) -> None:
        super().__init__("Ask somebody of the staff who stands above this member.")


class TooManyTokens(NotAllowed):
    code, title = "too_many_tokens", "Too many tokens"


class TokenMadeBefore(ApplicationError):
    code, status, title = "token_made_before", 409, "This token was made before"


class InvalidToken(NotAllowed):
    code, status, title = "invalid_token", 401, "This token does not work"


class InsufficientScope(NotAllowed):
    code, title = "insufficient_scope", "The token does not allow this"


class SessionNeeded(NotAllowed):
    code, title = "session_needed", "No token opens this"


class LastOwner(NotAllowed):
    code, status, title = "last_owner", 409, "This is the last owner"


class FieldRefused(InvalidInput):
    """One field of a form or request cannot be taken; `field` names it."""

    code = "field_refused"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, field=field)
        self.field = field


class HandleTaken(FieldRefused):
    code, status, title = "handle_taken", 409, "This handle is taken"

    def __init__(self) -> None:
        super().__init__("handle", "This handle is taken. Please choose another.")


class HandleTooSoon(FieldRefused):
    code, status, title = "handle_too_soon", 409, "The handle was changed lately"


class RenameDecided(ApplicationError):
    code, status, title = "rename_decided", 409, "This was decided meanwhile"


class NotYourOwn(NotAllowed):
    code, title = "not_your_own", "Nobody decides about oneself"


class WrongCode(InvalidInput):
    code, title = "wrong_code", "This code is not right"


class EmailChangeClosed(ApplicationError):
    """The change of address was done, cancelled, used up or is too old."""

    code, status, title = "email_change_closed", 410, "This change is no longer open"


class SessionOver(NotAllowed):
    code, status, title = "session_over", 401, "This session is over"


class WrongCredentials(InvalidInput):
    code, title = "wrong_credentials", "Address or password is wrong"


class AlreadySignedIn(ApplicationError):
    code, status, title = "already_signed_in", 409, "This session is signed in"


class NothingPending(ApplicationError):
    """The step that this answers was not asked for, is over, or was tried too often."""

    code, status, title = "nothing_pending", 409, "Nothing waits for this"

    def __init__(self, detail: str = "Please sign in from the beginning.") -> None:
        super().__init__(detail)


class ConfirmationNeeded(NotAllowed):
    code, title = "confirmation_needed", "Please confirm that it is you"


class WrongPassword(InvalidInput):
    code, title = "wrong_password", "This password is not right"


class PasskeyRefused(InvalidInput):
    code, title = "passkey_refused", "This passkey does not work here"


class AddressNotConfirmed(NotAllowed):
    code, title = "address_not_confirmed", "Your e-mail address is not confirmed"


class FactorAlready(ApplicationError):
    code, status, title = "factor_already", 409, "There is an authenticator app already"


class NoFactor(ApplicationError):
    code, status, title = "no_factor", 409, "There is no second step"


class FactorNeeded(ApplicationError):
    code, status, title = "factor_needed", 409, "The last second step must stay"


class TooManyPasskeys(ApplicationError):
    code, status, title = "too_many_passkeys", 409, "There are too many passkeys"


class ProviderFailed(ApplicationError):
    code, status, title = "provider_failed", 502, "That did not work"


class IdentityTaken(ApplicationError):
    code, status, title = "identity_taken", 409, "This is connected to another account"


class LastWayIn(ApplicationError):
    code, status, title = "last_way_in", 409, "This is your only way to sign in"


class SecondStepMissing(NotAllowed):
    code, title = "second_step_missing", "A second step is needed here"

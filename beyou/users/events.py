"""What happens to members that other apps want to know."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from beyou.core.events import Event


@dataclass(frozen=True)
class DeletionRequested(Event):
    """A member wants the account erased; nobody sees it any more."""

    member_id: UUID
    due_at: dt.datetime


@dataclass(frozen=True)
class DeletionCancelled(Event):
    """The member stays after all."""

    member_id: UUID


@dataclass(frozen=True)
class DeletionDue(Event):
    """The account will be erased within three days."""

    member_id: UUID
    due_at: dt.datetime


@dataclass(frozen=True)
class UserErased(Event):
    """Only a tombstone is left of the account. Whoever stores something about the member erases it."""

    member_id: UUID


@dataclass(frozen=True)
class AccessTokenCreated(Event):
    """A member made a key for a program."""

    member_id: UUID
    token_id: UUID


@dataclass(frozen=True)
class SignInRecorded(Event):
    """An attempt to sign in has an outcome; `activity_id` names its row."""

    activity_id: UUID


@dataclass(frozen=True)
class AlertRaised(Event):
    """A rule about sign-ins has fired and one more person is to be told; one of the staff about others."""

    alert_id: UUID
    recipient_id: UUID
    is_staff: bool


@dataclass(frozen=True)
class AccountDisowned(Event):
    """A member said that somebody else was in the account."""

    member_id: UUID


@dataclass(frozen=True)
class AccessTokenRevoked(Event):
    """A key for a program opens nothing any more."""

    member_id: UUID
    token_id: UUID


@dataclass(frozen=True)
class EmailChanged(Event):
    """The member's address is another one now; `change_id` names both."""

    member_id: UUID
    change_id: UUID


@dataclass(frozen=True)
class RenameSettled(Event):
    """The staff have granted or refused another handle or name."""

    member_id: UUID
    rename_id: UUID
    is_granted: bool


@dataclass(frozen=True)
class ResetAsked(Event):
    """Somebody asked for a link for this address, which is sealed and may be nobody's."""

    sealed_email: str


@dataclass(frozen=True)
class ResetDied(Event):
    """A link to reset the password was ended by too many wrong second steps."""

    member_id: UUID


@dataclass(frozen=True)
class PasswordChanged(Event):
    """The member has another password. `how` is a `rules.PasswordPath`."""

    member_id: UUID
    how: str


@dataclass(frozen=True)
class FactorsChanged(Event):
    """A second factor of the member came, went or was used up; `change` is a key of `reactions.CHANGES`."""

    member_id: UUID
    change: str


@dataclass(frozen=True)
class IdentityLinked(Event):
    """Somebody at a provider signs the member in from now on."""

    member_id: UUID
    issuer: str


@dataclass(frozen=True)
class IdentityUnlinked(Event):
    """Somebody at a provider signs the member in no more."""

    member_id: UUID
    issuer: str


@dataclass(frozen=True)
class IdentityKnocked(Event):
    """An unknown identity with the member's address tried to sign in."""

    member_id: UUID
    issuer: str


@dataclass(frozen=True)
class RecoveryAsked(Event):
    """Somebody who reads the member's mail asked to get in without a second step."""

    member_id: UUID
    recovery_id: UUID


@dataclass(frozen=True)
class RecoveryReady(Event):
    """Two of the staff agreed and nobody cancelled for three days."""

    member_id: UUID
    recovery_id: UUID


@dataclass(frozen=True)
class JoiningAnswered(Event):
    """The staff let the member in, or refused."""

    member_id: UUID
    is_let_in: bool


@dataclass(frozen=True)
class RecoveryEnded(Event):
    """Such a request is over. `state` is a `rules.RecoveryState`."""

    member_id: UUID
    recovery_id: UUID
    state: str

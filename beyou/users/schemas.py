"""What the API of accounts takes and gives, field by field. Unknown fields are refused."""

import datetime as dt
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field, StrictBool, StrictStr

from beyou.users.rules import BIO_LENGTH, NAME_LENGTH, Audience, Readers, Writers


class Input(Schema):
    # An error that is logged must not carry what somebody wrote.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PrivacyIn(Input):
    """Choices to change. The defaults only say what a new member has: what is not given stays."""

    found_by: Audience = Audience.EVERYBODY
    asked_by: Audience = Audience.EVERYBODY
    written_by: Writers = Writers.FRIENDS
    email_for: Readers = Readers.NOBODY
    phone_for: Readers = Readers.NOBODY
    read_receipts: StrictBool = True


class MeIn(Input):
    """What to change; what is not given stays."""

    handle: Annotated[StrictStr, Field(max_length=60)] = ""
    name: Annotated[StrictStr, Field(max_length=NAME_LENGTH * 4)] = ""
    bio: Annotated[StrictStr, Field(max_length=BIO_LENGTH * 4)] = ""
    privacy: PrivacyIn = PrivacyIn()


class PrivacyOut(Schema):
    found_by: Audience
    asked_by: Audience
    written_by: Writers
    email_for: Readers
    phone_for: Readers
    read_receipts: bool


class RenameOut(Schema):
    """Another handle and name that the staff have not looked at yet."""

    handle: str
    name: str


class LimitedOut(Schema):
    """The staff keep strangers out of the member's reach. `at` is the page to read more on, and to object."""

    until: dt.datetime
    why: str
    at: str


class MeOut(Schema):
    id: str
    handle: str
    name: str
    bio: str
    accent: str
    picture: str | None
    is_verified: bool
    pending_rename: RenameOut | None
    limited: LimitedOut | None
    privacy: PrivacyOut

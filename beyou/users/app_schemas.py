"""What apps send to sign their members in."""

from typing import Annotated, Any, Literal, Self

from ninja import Schema
from pydantic import ConfigDict, Field, StrictStr, model_validator


class Input(Schema):
    # An error that is logged must not carry what somebody sent.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


_NO_NUL = r"^[^\x00]*$"
Email = Annotated[StrictStr, Field(min_length=1, max_length=254, pattern=_NO_NUL)]
Password = Annotated[StrictStr, Field(min_length=1, max_length=1000, pattern=_NO_NUL)]
Code = Annotated[StrictStr, Field(min_length=1, max_length=60, pattern=_NO_NUL)]


_BASE64URL = r"^[A-Za-z0-9_-]+$"
CredentialId = Annotated[StrictStr, Field(max_length=1_400, pattern=_BASE64URL)]
Bytes = Annotated[StrictStr, Field(max_length=8_000, pattern=_BASE64URL)]
UserHandle = Annotated[StrictStr, Field(max_length=100, pattern=r"^[A-Za-z0-9_-]*$")]


class AssertionIn(Schema):
    """The device's proof. What else a platform adds is not looked at."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    clientDataJSON: Bytes  # noqa: N815  (WebAuthn's name)
    authenticatorData: Bytes  # noqa: N815
    signature: Bytes
    userHandle: UserHandle | None = None  # noqa: N815


class PasskeyIn(Schema):
    """What a platform gives for a passkey: `AuthenticationResponseJSON` of WebAuthn Level 3."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    id: CredentialId
    rawId: CredentialId  # noqa: N815
    type: Literal["public-key"]
    response: AssertionIn


class SignInIn(Input):
    email: Email
    password: Password


class PasskeySignInIn(Input):
    passkey: PasskeyIn


class CodeIn(Input):
    code: Code


class ResetIn(Input):
    email: Email
    proof: Annotated[StrictStr, Field(max_length=4_000, pattern=_NO_NUL)]


class LinkIn(Input):
    """What follows `/recover/link/` in the mail."""

    token: Annotated[StrictStr, Field(min_length=1, max_length=100, pattern=_NO_NUL)]


class FactorIn(Input):
    """A code of the authenticator app or a recovery code, or the answer of a passkey."""

    code: Code | None = None
    passkey: PasskeyIn | None = None

    @property
    def answer(self) -> dict[str, Any] | None:
        """What the passkey answered, as it came."""
        return None if self.passkey is None else self.passkey.model_dump(exclude_none=True)


class NewPasswordIn(FactorIn):
    """A second step is needed only where the account has one."""

    password: Password

    @model_validator(mode="after")
    def _is_not_both(self) -> Self:
        if self.code is not None and self.passkey is not None:
            raise ValueError("send a code or a passkey, not both")
        return self


class SecondStepIn(FactorIn):
    """Exactly one of them."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.code is None) == (self.passkey is None):
            raise ValueError("send either a code or a passkey")
        return self

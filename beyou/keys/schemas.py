"""What the keys API takes and gives, field by field. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import UUID7, BeforeValidator, ConfigDict, StrictBool, model_validator

from beyou.core.wire import Base64, encoded
from beyou.keys.queries import ActiveKeySet, OwnKeys
from beyou.keys.services import Challenge, Published


def _label(value: object) -> str:
    """A line that people can read: no control characters, nothing invisible."""
    name = " ".join(value.split()) if isinstance(value, str) else ""
    if not name or len(name) > 60 or not name.isprintable():
        raise ValueError("must be 1 to 60 visible characters")
    return name


Label = Annotated[str, BeforeValidator(_label)]


class Input(Schema):
    # An error that is logged must not carry what somebody sent.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ChallengeIn(Input):
    encrypt_spki: Base64
    sign_spki: Base64
    key_set: UUID7
    device: UUID7


class PublishIn(Input):
    challenge: UUID7
    signature: Base64
    decrypted: Base64
    label: Label
    replace: StrictBool = False


class RecoveryIn(Input):
    """Either the file was proven, or the member wants to be asked later."""

    tested: Literal[True] | None = None
    remind_in_days: Literal[1, 7] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "RecoveryIn":
        if (self.tested is None) == (self.remind_in_days is None):
            raise ValueError("send either tested or remind_in_days")
        return self


def challenge_out(challenge: Challenge) -> dict[str, Any]:
    return {
        "challenge": str(challenge.id),
        "sign_challenge": encoded(challenge.sign_challenge),
        "encrypt_challenge": encoded(challenge.encrypt_challenge),
    }


def published_out(published: Published) -> dict[str, Any]:
    return {
        "key_set": str(published.key_set),
        "device": str(published.device),
        "generation": published.generation,
    }


def key_set_out(keys: ActiveKeySet) -> dict[str, Any]:
    """The public halves of a key set, in use or retired."""
    return {
        "key_set": str(keys.key_set),
        "generation": keys.generation,
        "encrypt": {"key_id": keys.encrypt_key_id.hex(), "spki": encoded(keys.encrypt_spki)},
        "sign": {"key_id": keys.sign_key_id.hex(), "spki": encoded(keys.sign_spki)},
    }


def own_keys_out(own: OwnKeys) -> dict[str, Any]:
    devices = [
        {"id": str(device.id), "label": device.label, "created_ms": _ms(device.created_at)}
        for device in own.devices
    ]
    recovery = {"tested_ms": _ms(own.recovery_tested_at), "remind_ms": _ms(own.recovery_remind_at)}
    return key_set_out(own.keys) | {
        "created_ms": _ms(own.created_at),
        "recovery": recovery,
        "devices": devices,
    }


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)

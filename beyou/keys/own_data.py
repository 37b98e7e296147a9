"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

import base64
from collections.abc import Iterator
from uuid import UUID

from beyou.core import personal
from beyou.core.personal import Fate, File, declare, json_file
from beyou.keys.models import Device, UserKey, UserKeySet

KEYS = "keys.json"
_WHY = (
    "The public keys you used last stay if somebody sent you end-to-end messages: they name them, and"
    " a friend's browser needs them to check what that friend wrote. All others are gone."
)

declare(
    *("keys.UserKeySet", "member", "active_of"),
    what="Your public keys",
    fate=Fate.KEPT,
    why=_WHY,
    copied=KEYS,
)
declare("keys.Device", "member", what="Browsers that held your keys", copied=KEYS)
declare(
    *("keys.KeyChallenge", "member"),
    what="Unanswered questions about keys",
    not_copied="They live for five minutes and hold nothing but the public keys.",
)
declare(
    "keys.UserKey",
    "key_set__member",
    what="Your public keys, one by one",
    fate=Fate.KEPT,
    why=_WHY,
    copied=KEYS,
)


@personal.part("keys")
def keys(member_id: UUID) -> Iterator[File]:
    """Public halves only: the private ones were never here."""
    sets = UserKeySet.objects.filter(member_id=member_id).order_by("generation")
    found = list(UserKey.objects.filter(key_set__member_id=member_id).order_by("created_at"))
    devices = Device.objects.filter(member_id=member_id).order_by("created_at")
    yield json_file(
        KEYS,
        {
            "generations": [
                {
                    "generation": each.generation,
                    "in_use": each.active_of_id is not None,
                    "created_at": each.created_at,
                    "retired_at": each.retired_at,
                    "keys": [_key(key) for key in found if key.key_set_id == each.id],
                }
                for each in sets
            ],
            "browsers": list(devices.values("id", "label", "created_at", "revoked_at")),
        },
    )


def _key(row: UserKey) -> dict[str, object]:
    spki = base64.b64encode(bytes(row.spki)).decode()
    return {"purpose": row.purpose, "key_id": row.key_id, "spki": spki, "created_at": row.created_at}

"""Reading public keys. The number of statements never depends on the number of members."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from beyou.keys.models import Device, Purpose, UserKey, UserKeySet


@dataclass(frozen=True, slots=True)
class ActiveKeySet:
    """Where to seal to, and what to verify with. Key ids are 32 bytes, SPKIs are DER."""

    member_id: UUID
    key_set: UUID
    generation: int
    encrypt_key_id: bytes
    encrypt_spki: bytes
    sign_key_id: bytes
    sign_spki: bytes


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One public key, in use or retired."""

    member_id: UUID
    key_set: UUID
    key_id: bytes
    purpose: str
    spki: bytes
    active: bool


@dataclass(frozen=True, slots=True)
class EnrolledDevice:
    """A browser that holds the private keys of its member's active key set."""

    id: UUID
    member_id: UUID
    key_set: UUID
    label: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """What a member sees of her own keys."""

    keys: ActiveKeySet
    created_at: dt.datetime
    recovery_tested_at: dt.datetime | None
    recovery_remind_at: dt.datetime | None
    devices: list[EnrolledDevice]


def active_key_sets(member_ids: Iterable[UUID]) -> dict[UUID, ActiveKeySet]:
    """The active key set of each member that has one. One statement for any number of members."""
    rows = UserKey.objects.filter(key_set__active_of__in=list(member_ids)).select_related("key_set")
    return {made.member_id: made for made in _sets(rows)}


def retired_key_sets(member_ids: Iterable[UUID]) -> list[ActiveKeySet]:
    """Replaced key sets of the members, oldest first: for verifying what they signed. One statement."""
    rows = UserKey.objects.filter(key_set__member__in=list(member_ids), key_set__active_of=None)
    return sorted(_sets(rows.select_related("key_set")), key=lambda made: (made.member_id, made.generation))


def keys_by_id(key_ids: Iterable[bytes]) -> dict[bytes, PublishedKey]:
    """Published keys by their 32-byte id, retired ones too. One statement."""
    rows = UserKey.objects.filter(key_id__in=[key_id.hex() for key_id in key_ids]).select_related("key_set")
    return {bytes.fromhex(row.key_id): _published(row) for row in rows}


def key_by_id(key_id: bytes) -> PublishedKey | None:
    return keys_by_id([key_id]).get(key_id)


def enrolled_devices(device_ids: Iterable[UUID]) -> dict[UUID, EnrolledDevice]:
    """The devices that may send: not revoked, and of a key set in use. One statement."""
    return {device.id: device for device in _enrolled(Q(id__in=list(device_ids)))}


def device_of(member_id: UUID, device_id: UUID) -> EnrolledDevice | None:
    """The member's own device that may send, or None."""
    device = enrolled_devices([device_id]).get(device_id)
    return device if device is not None and device.member_id == member_id else None


def own_keys(member_id: UUID) -> OwnKeys | None:
    """Everything the keys page shows; None without keys. Two statements."""
    rows = list(UserKey.objects.filter(key_set__active_of=member_id).select_related("key_set"))
    if not rows:
        return None
    key_set = rows[0].key_set
    return OwnKeys(
        keys=next(_sets(rows)),
        created_at=key_set.created_at,
        recovery_tested_at=key_set.recovery_tested_at,
        recovery_remind_at=key_set.recovery_remind_at,
        devices=_enrolled(Q(member=member_id)),
    )


def active_set_of(member: str) -> Subquery:
    """An expression for querysets: the id of the key set in use of the member that this field names."""
    return Subquery(UserKeySet.objects.filter(active_of_id=OuterRef(member)).values("id"))


def has_keys(member_id: UUID) -> bool:
    return UserKeySet.objects.filter(active_of=member_id).exists()


def _enrolled(condition: Q) -> list[EnrolledDevice]:
    rows = Device.objects.filter(condition, revoked_at=None).exclude(key_set__active_of=None)
    return [
        EnrolledDevice(
            id=row.id,
            member_id=row.member_id,
            key_set=row.key_set_id,
            label=row.label,
            created_at=row.created_at,
        )
        for row in rows.order_by("created_at", "id")
    ]


def _published(row: UserKey) -> PublishedKey:
    return PublishedKey(
        member_id=row.key_set.member_id,
        key_set=row.key_set_id,
        key_id=bytes.fromhex(row.key_id),
        purpose=row.purpose,
        spki=bytes(row.spki),
        active=row.active,
    )


def _sets(rows: Iterable[UserKey]) -> Iterator[ActiveKeySet]:
    """Pairs the two keys of each set; the database holds both or neither."""
    encrypt: dict[UUID, UserKey] = {}
    sign: dict[UUID, UserKey] = {}
    for row in rows:
        (encrypt if row.purpose == Purpose.ENCRYPT else sign)[row.key_set_id] = row
    for key_set_id, sealing in encrypt.items():
        signing = sign[key_set_id]
        yield ActiveKeySet(
            member_id=sealing.key_set.member_id,
            key_set=key_set_id,
            generation=sealing.key_set.generation,
            encrypt_key_id=bytes.fromhex(sealing.key_id),
            encrypt_spki=bytes(sealing.spki),
            sign_key_id=bytes.fromhex(signing.key_id),
            sign_spki=bytes(signing.spki),
        )


@dataclass(frozen=True, slots=True)
class KeyGeneration:
    """One key set in the member's history."""

    generation: int
    encrypt_key_id: bytes
    sign_key_id: bytes
    created_at: dt.datetime
    retired_at: dt.datetime | None


def key_history(member_id: UUID) -> list[KeyGeneration]:
    """All key sets that the member ever published, the newest first. One statement."""
    rows = UserKey.objects.filter(key_set__member=member_id).select_related("key_set")
    moments = {row.key_set_id: row.key_set for row in rows}
    return sorted(
        (
            KeyGeneration(
                generation=made.generation,
                encrypt_key_id=made.encrypt_key_id,
                sign_key_id=made.sign_key_id,
                created_at=moments[made.key_set].created_at,
                retired_at=moments[made.key_set].retired_at,
            )
            for made in _sets(rows)
        ),
        key=lambda each: -each.generation,
    )

"""Publishing keys, and what follows. Private halves never come here."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from beyou.core import clock, events, keyring, limits
from beyou.core.errors import NotFound
from beyou.keys import rules
from beyou.keys.errors import (
    BadKey,
    BadPossession,
    ChallengeExpired,
    DeviceRevoked,
    KeyRetired,
    KeysChanged,
    KeyTaken,
    KeyTooSmall,
    NoKeys,
    ReplaceNeeded,
)
from beyou.keys.events import KeyPublished, KeyRevoked
from beyou.keys.models import Device, KeyChallenge, Purpose, UserKey, UserKeySet
from beyou.users.services import hold_member

CHALLENGE_VALID = dt.timedelta(minutes=5)
OPEN_CHALLENGES = 5


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the browser signs (32 bytes), and what it decrypts: 32 bytes under the encryption key."""

    id: UUID
    sign_challenge: bytes
    encrypt_challenge: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """The browser now holds the member's active keys."""

    key_set: UUID
    device: UUID
    generation: int


def start_challenge(
    *, member_id: UUID, encrypt_spki: bytes, sign_spki: bytes, key_set: UUID, device: UUID
) -> Challenge:
    """A challenge for these keys, good for five minutes and one answer; nothing is published yet.

    Raises `BadKey` or `KeyTooSmall` for a key that would never be accepted, and `RateLimited`.
    """
    limits.check("keys.member", str(member_id))
    for spki in (encrypt_spki, sign_spki):
        _accept(spki)
    if encrypt_spki == sign_spki:
        raise BadKey("One key cannot both encrypt and sign.", reason="same")
    _forget_old_challenges(member_id)
    row = KeyChallenge.objects.create(
        member_id=member_id,
        key_set=key_set,
        device=device,
        generation=_next_generation(member_id),
        encrypt_spki=encrypt_spki,
        sign_spki=sign_spki,
        expires_at=clock.now() + CHALLENGE_VALID,
    )
    return Challenge(
        row.id, _answer(row.id, b"sign"), rules.encrypt_challenge(encrypt_spki, _answer(row.id, b"decrypt"))
    )


def publish(
    *,
    member_id: UUID,
    challenge_id: UUID,
    signature: bytes,
    decrypted: bytes,
    label: str,
    replace: bool = False,
) -> Published:
    """The challenged keys are the member's active ones and the challenged browser holds them.

    The member's own active keys enrol one more browser; other keys become a new generation, which
    retires the one before only when `replace` says so. Raises `ChallengeExpired`, `BadPossession`,
    `ReplaceNeeded`, `KeysChanged`, `KeyRetired`, `DeviceRevoked` or `KeyTaken`; then nothing is stored,
    and the challenge is used up.
    """
    row = _consume(member_id, challenge_id)
    if not _is_proven(row, signature, decrypted):
        raise BadPossession
    try:
        with transaction.atomic():
            return _enrol(row, label, replace=replace)
    except IntegrityError:
        taken = [rules.key_id(bytes(spki)).hex() for spki in (row.encrypt_spki, row.sign_spki)]
        is_known = UserKey.objects.filter(key_id__in=taken).exists() or _is_id_known(row)
        raise (KeyTaken if is_known else KeysChanged)() from None


def record_recovery_tested(*, member_id: UUID) -> None:
    """The member proved to have the recovery file. Raises `NoKeys`."""
    _change_active(member_id, recovery_tested_at=clock.now(), recovery_remind_at=None)


def postpone_recovery(*, member_id: UUID, days: int) -> None:
    """The member is asked again after so many days. Raises `NoKeys`."""
    _change_active(member_id, recovery_remind_at=clock.now() + dt.timedelta(days=days))


def revoke_device(*, member_id: UUID, device_id: UUID) -> None:
    """The browser can send nothing more that is end-to-end encrypted. Raises `NotFound` for another's."""
    found = Device.objects.filter(id=device_id, member_id=member_id)
    if not found.exists():
        raise NotFound
    found.filter(revoked_at=None).update(revoked_at=clock.now())


def forget_history(*, member_id: UUID) -> None:
    """After the member erased their account: browsers, questions and replaced keys are gone. The keys in use
    stay: what others sealed and signed names them (see `forget_keys`). A repeat changes nothing.
    """
    KeyChallenge.objects.filter(member_id=member_id).delete()
    Device.objects.filter(member_id=member_id).delete()
    UserKeySet.objects.filter(member_id=member_id, active_of=None).delete()


def forget_keys(*, member_id: UUID) -> None:
    """No key of the member is left: nobody's message needs one to be checked."""
    forget_history(member_id=member_id)
    UserKeySet.objects.filter(member_id=member_id).delete()


def _change_active(member_id: UUID, **values: dt.datetime | None) -> None:
    if not UserKeySet.objects.filter(active_of=member_id).update(**values):
        raise NoKeys


def _accept(spki: bytes) -> None:
    try:
        rules.accept_key(spki)
    except rules.UnacceptableKey as error:
        kind = KeyTooSmall if error.reason == "size" else BadKey
        raise kind(str(error), reason=error.reason) from None


def _answer(challenge_id: UUID, purpose: bytes) -> bytes:
    """Thirty-two bytes that only this server can know before it tells them."""
    return keyring.mac(b"keys/challenge", purpose + challenge_id.bytes)


def _next_generation(member_id: UUID) -> int:
    newest = UserKeySet.objects.filter(member_id=member_id).aggregate(newest=Max("generation"))["newest"]
    return int(newest or 0) + 1


def _forget_old_challenges(member_id: UUID) -> None:
    """A member has few open challenges, so that the table cannot be filled."""
    mine = KeyChallenge.objects.filter(member_id=member_id)
    mine.filter(expires_at__lte=clock.now()).delete()
    newest = list(mine.order_by("-expires_at", "-id").values_list("id", flat=True)[: OPEN_CHALLENGES - 1])
    mine.exclude(id__in=newest).delete()


def _consume(member_id: UUID, challenge_id: UUID) -> KeyChallenge:
    """Takes the challenge out of the database for good, so that of two answers one finds nothing."""
    row = KeyChallenge.objects.filter(id=challenge_id, member_id=member_id).first()
    deleted, _ = KeyChallenge.objects.filter(id=challenge_id, member_id=member_id).delete()
    if row is None or not deleted or row.expires_at <= clock.now():
        raise ChallengeExpired
    return row


def _is_proven(row: KeyChallenge, signature: bytes, decrypted: bytes) -> bool:
    encrypt_spki, sign_spki = bytes(row.encrypt_spki), bytes(row.sign_spki)
    signed = rules.possession_bytes(
        origin=settings.ORIGIN,
        user=row.member_id,
        key_set=row.key_set,
        device=row.device,
        encrypt_key_id=rules.key_id(encrypt_spki),
        sign_key_id=rules.key_id(sign_spki),
        challenge=_answer(row.id, b"sign"),
    )
    return rules.is_possession_proven(
        sign_spki=sign_spki,
        signed=signed,
        signature=signature,
        secret=_answer(row.id, b"decrypt"),
        decrypted=decrypted,
    )


def _is_id_known(row: KeyChallenge) -> bool:
    return UserKeySet.objects.filter(id=row.key_set).exists() or Device.objects.filter(id=row.device).exists()


def _enrol(row: KeyChallenge, label: str, *, replace: bool) -> Published:
    # Of two browsers that publish at once, the second finds what the first one changed. Locking rows that
    # do not exist yet would make MariaDB choose a victim instead.
    hold_member(row.member_id)
    known = UserKeySet.objects.filter(id=row.key_set).first()
    if known is not None:
        return _enrol_browser(row, known, label)
    active = UserKeySet.objects.filter(active_of=row.member_id).first()
    if active is not None and not replace:
        raise ReplaceNeeded
    if row.generation != _next_generation(row.member_id):
        raise KeysChanged
    if active is not None:
        _retire(active)
    _publish_set(row)
    return _add_device(row, row.generation, label)


def _enrol_browser(row: KeyChallenge, known: UserKeySet, label: str) -> Published:
    """One more browser for keys that are published already; exactly those keys."""
    ids = set(UserKey.objects.filter(key_set=known).values_list("key_id", flat=True))
    challenged = {rules.key_id(bytes(spki)).hex() for spki in (row.encrypt_spki, row.sign_spki)}
    if known.member_id != row.member_id or ids != challenged:
        raise KeyTaken
    if known.active_of_id is None:
        raise KeyRetired
    device = Device.objects.filter(id=row.device).first()
    if device is None:
        return _add_device(row, known.generation, label)
    if device.member_id != row.member_id or device.key_set_id != known.id:
        raise KeyTaken
    if device.revoked_at is not None:
        raise DeviceRevoked
    return Published(known.id, device.id, known.generation)


def _add_device(row: KeyChallenge, generation: int, label: str) -> Published:
    Device.objects.create(id=row.device, member_id=row.member_id, key_set_id=row.key_set, label=label)
    return Published(row.key_set, row.device, generation)


def _retire(active: UserKeySet) -> None:
    now = clock.now()
    UserKeySet.objects.filter(id=active.id).update(active_of=None, retired_at=now)
    UserKey.objects.filter(key_set=active).update(active=False, revoked_at=now)
    encrypt, sign = _key_ids(active.id)
    events.publish(KeyRevoked(active.member_id, active.id, encrypt, sign))


def _publish_set(row: KeyChallenge) -> None:
    made = UserKeySet.objects.create(
        id=row.key_set, member_id=row.member_id, generation=row.generation, active_of_id=row.member_id
    )
    for purpose, spki in ((Purpose.ENCRYPT, row.encrypt_spki), (Purpose.SIGN, row.sign_spki)):
        UserKey.objects.create(
            key_id=rules.key_id(bytes(spki)).hex(), key_set=made, purpose=purpose, spki=bytes(spki)
        )
    encrypt, sign = _key_ids(made.id)
    events.publish(KeyPublished(row.member_id, made.id, encrypt, sign))


def _key_ids(key_set: UUID) -> tuple[str, str]:
    """Hexadecimal ids of the encryption key and the signing key."""
    ids = dict(UserKey.objects.filter(key_set=key_set).values_list("purpose", "key_id"))
    return ids[Purpose.ENCRYPT], ids[Purpose.SIGN]

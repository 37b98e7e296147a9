"""Keys of members are part of what the ledger records, so that none can be slipped in unseen; the steps of
orders that a member took are erased with the member. The audit is anchored and checked by the clock.
"""

import datetime as dt

from beyou.core import work
from beyou.core.events import reacts_to
from beyou.core.schedule import every
from beyou.keys.events import KeyPublished, KeyRevoked
from beyou.ledger import anchors, leaving, services
from beyou.users.events import UserErased

work.worker(leaving.erase_next_steps)


def _fields(event: KeyPublished | KeyRevoked) -> dict[str, str]:
    return {
        "member": str(event.member_id),
        "key_set": str(event.key_set),
        "encrypt_key_id": event.encrypt_key_id,
        "sign_key_id": event.sign_key_id,
    }


@reacts_to(KeyPublished)
def record_published(event: KeyPublished) -> None:
    services.record_key_change(change="published", fields=_fields(event))


@reacts_to(KeyRevoked)
def record_revoked(event: KeyRevoked) -> None:
    services.record_key_change(change="revoked", fields=_fields(event))


@reacts_to(UserErased)
def erase_steps_of(event: UserErased) -> None:
    services.begin_step_erasure(member_id=event.member_id)


@every(dt.timedelta(hours=1))
def anchor_audit() -> None:
    anchors.anchor_audit()


@every(dt.timedelta(hours=6))
def check_audit() -> None:
    anchors.check_audit()

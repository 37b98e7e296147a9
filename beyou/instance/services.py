"""Changing what is set."""

from uuid import UUID

from django.db import IntegrityError, transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.instance.errors import SettingsChanged
from beyou.instance.models import InstanceSettings
from beyou.instance.queries import FIELDS, forget, saved


@transaction.atomic
def save_settings(*, actor_id: UUID, seen_version: int, **wanted: str) -> bool:
    """These settings hold, for this process at once and for others within seconds, and the audit has what
    each was before; returns whether anything was different. `wanted` has every name of `FIELDS`; the caller
    has checked the values.

    Raises `SettingsChanged` when somebody has saved since the version that the actor saw.
    """
    before = saved()
    if before.version != seen_version:
        raise SettingsChanged("Nothing of yours was saved. Compare both, and save again.")
    changed = [name for name in FIELDS if getattr(before, name) != wanted[name]]
    if not changed:
        return False
    _write(seen_version, wanted)
    record(
        act="instance.settings_changed",
        actor_id=actor_id,
        object_id=seen_version + 1,
        before={name: getattr(before, name) for name in changed},
        after={name: wanted[name] for name in changed},
    )
    transaction.on_commit(forget)
    return True


def _write(seen_version: int, wanted: dict[str, str]) -> None:
    """Compares and writes in one statement, so that no lock is needed that the first save could not take."""
    values = wanted | {"version": seen_version + 1, "changed_at": clock.now()}
    if seen_version:
        is_written = bool(InstanceSettings.objects.filter(id=1, version=seen_version).update(**values))
    else:
        try:
            with transaction.atomic():
                InstanceSettings(**values).save(force_insert=True)
            is_written = True
        except IntegrityError:
            is_written = False
    if not is_written:
        raise SettingsChanged("Nothing of yours was saved. Compare both, and save again.")

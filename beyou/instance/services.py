"""Changing what is set."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings as environment
from django.db import IntegrityError, transaction

from beyou.audit.services import record
from beyou.core import clock
from beyou.core.errors import InvalidInput
from beyou.instance import options
from beyou.instance.errors import SettingsChanged
from beyou.instance.models import InstanceSettings
from beyou.instance.options import OPTIONS, Section, Value
from beyou.instance.queries import FIELDS, Settings, default_of, forget, saved

_CHANGED = "Nothing of yours was saved. Compare both, and save again."


@transaction.atomic
def save_settings(*, actor_id: UUID, seen_version: int, **wanted: str) -> bool:
    """These settings hold, for this process at once and for others within seconds, and the audit has what
    each was before; returns whether anything was different. `wanted` has every name of `FIELDS`; the caller
    has checked the values.

    Raises `SettingsChanged` when somebody has saved since the version that the actor saw.
    """
    before = saved()
    if before.version != seen_version:
        raise SettingsChanged(_CHANGED)
    changed = [name for name in FIELDS if getattr(before, name) != wanted[name]]
    if not changed:
        return False
    _write("version", seen_version, wanted)
    record(
        act="instance.settings_changed",
        actor_id=actor_id,
        object_id=seen_version + 1,
        before={name: getattr(before, name) for name in changed},
        after={name: wanted[name] for name in changed},
    )
    transaction.on_commit(forget)
    return True


@transaction.atomic
def save_options(
    *, actor_id: UUID, section: Section, seen_version: int, wanted: Mapping[str, Value], currency: str
) -> bool:
    """These options hold, for this process at once and for others within seconds, and the audit has what each
    was before; returns whether anything was different. What is as the default is not stored, so that it goes
    on following the environment. `currency` is that of the amounts.

    Raises `SettingsChanged` when somebody has saved this page since the version that the actor saw, and
    `InvalidInput` for what cannot be decided here.
    """
    state = saved()
    _check(section, wanted, state)
    if state.versions.get(section, 0) != seen_version:
        raise SettingsChanged(_CHANGED)
    before = {name: state.option(name) for name in wanted}
    changed = options.differing(before, wanted)
    if not changed:
        return False
    stored = {name: wanted[name] if wanted[name] != default_of(name) else _nothing(name) for name in changed}
    _write(section.version_field, seen_version, stored)
    record(
        act=f"instance.{section}_changed",
        actor_id=actor_id,
        object_id=seen_version + 1,
        before={name: options.shown(OPTIONS[name], before[name], currency) for name in changed},
        after={name: options.shown(OPTIONS[name], wanted[name], currency) for name in changed},
    )
    transaction.on_commit(forget)
    return True


def _check(section: Section, wanted: Mapping[str, Value], state: Settings) -> None:
    """Raises `InvalidInput` unless the page can set these values."""
    of_page = {option.name: option for option in options.of_section(section)}
    for name, value in wanted.items():
        if name not in of_page or name in environment.FIXED_OPTIONS:
            raise InvalidInput("This cannot be set here.")
        # A default out of bounds may stay: whoever runs the server chose it.
        if value != default_of(name) and not options.is_allowed(of_page[name], value):
            raise InvalidInput(f"{of_page[name].label} cannot be set to this.")
    if problems := options.disorder({name: state.option(name) for name in of_page} | dict(wanted)):
        raise InvalidInput(next(iter(problems.values())))


def _nothing(name: str) -> str | None:
    return "" if OPTIONS[name].words else None


def _write(version_field: str, seen_version: int, wanted: Mapping[str, Any]) -> None:
    """Compares and writes in one statement, so that no lock is needed that the first save could not take."""
    values = {**wanted, version_field: seen_version + 1, "changed_at": clock.now()}
    is_written = bool(InstanceSettings.objects.filter(id=1, **{version_field: seen_version}).update(**values))
    if not is_written and not seen_version:
        try:
            with transaction.atomic():
                InstanceSettings(**({"version": 0} | values)).save(force_insert=True)
            is_written = True
        except IntegrityError:
            is_written = False
    if not is_written:
        raise SettingsChanged(_CHANGED)

"""One suite for three engines: BEYOU_DATABASE_URL chooses, SQLite in a temporary folder by default."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zlib import crc32

import pytest

from tests import migrated

_HERE = Path(__file__).parent
_DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_reset_sequences"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what a folder stands for; on another engine than SQLite keeps the tests that use a database."""
    for item in items:
        top = item.path.relative_to(_HERE).parts[0]
        if top in ("browser", "faults"):
            item.add_marker(top)
    if "BEYOU_DATABASE_URL" in os.environ:
        half = os.environ.get("ENGINE_HALF", "")
        kept = [item for item in items if _depends_on_engine(item) and _is_of_half(item, half)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept


def _depends_on_engine(item: pytest.Item) -> bool:
    """Races do everywhere; what faces answer does not where the services below them are asked. A test that
    commits is a race unless it says (`commits`) that only a socket has to see what it wrote.
    """
    same = item.get_closest_marker("same_everywhere")
    if same is not None and _is_race(item) and same.kwargs.get("commits"):
        return False
    return _uses_database(item) and (_is_race(item) or same is None)


def _is_race(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return marker is not None and bool(marker.kwargs.get("transaction"))


def _is_of_half(item: pytest.Item, half: str) -> bool:
    """Races are of both halves."""
    return not half or _is_race(item) or crc32(item.nodeid.encode()) % 2 == int(half)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & _DATABASE_FIXTURES)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """On SQLite the database of the tests begins as a copy of one that is migrated already."""
    from django.db.backends.sqlite3.creation import DatabaseCreation

    create = DatabaseCreation._create_test_db

    def copied(self: DatabaseCreation, *arguments: Any, **named: Any) -> str:
        name = create(self, *arguments, **named)
        shutil.copyfile(migrated.folder() / "db.sqlite3", name)
        return name

    with patch.object(DatabaseCreation, "_create_test_db", copied):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit are cleaned up by DELETE, which the triggers of the ledger and of the books refuse:
    their own tests set them up again where they matter.
    """
    from django.db import connection

    from beyou.ledger import guards
    from beyou.payments import guards as money_guards

    with django_db_blocker.unblock():
        guards.remove(connection)
        money_guards.allow_deletion(connection)


@pytest.fixture(autouse=True)
def _fresh_world() -> Iterator[None]:
    """No test inherits a moved clock, a used-up limit or another test's cache."""
    from django.core.cache import cache

    from beyou.automod import queries as watched
    from beyou.automod.copies import sent
    from beyou.automod.rules import Matcher
    from beyou.core import clock, later, limits
    from beyou.instance import queries as settings_of_place

    limits.reset()
    later.forget()
    # As if nothing was saved, and known for the whole test, so that no page of it reads the settings.
    settings_of_place.hold(settings_of_place.Settings(), seconds=3600)
    watched.hold(Matcher(()), seconds=3600)
    sent.forget()
    cache.clear()
    yield
    clock.shift(0)

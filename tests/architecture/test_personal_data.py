"""Every table that names members has a fate after an erasure and a place in the copy, or a reason why not."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from beyou.core import personal
from beyou.core.personal import Fate
from beyou.users.models import User

_TABLES = {table.label: table for table in personal.tables()}
#: Ends of the names of id columns that stand for people.
_PEOPLE = ("member", "actor", "subject", "owner", "user", "sender", "by", "author", "reviewer", "applicant")


def _names_people(field: models.Field) -> bool:  # type: ignore[type-arg]  # any field
    """A foreign key to a member, or an id column that is named after one."""
    if field.is_relation:
        return field.related_model is User
    is_id = isinstance(field, models.UUIDField) and not field.primary_key
    return is_id and field.name.removesuffix("_id").rpartition("_")[2] in _PEOPLE


def _about_people() -> Iterator[type[models.Model]]:
    """Models that name members, and models that belong to one that does."""
    found: set[type[models.Model]] = {User}
    while True:
        more = {
            model
            for model in apps.get_models()
            if model not in found
            and any(
                _names_people(field)
                or (field.is_relation and field.related_model in found and field.related_model is not User)
                for field in model._meta.concrete_fields
            )
            and not _hangs_on_a_kept_row(model, found)
        }
        if not more:
            yield from sorted(found, key=lambda model: model._meta.label)
            return
        found |= more


def _hangs_on_a_kept_row(model: type[models.Model], found: set[type[models.Model]]) -> bool:
    """Rows that go with a row of theirs (CASCADE) need no fate of their own, where that row is erased."""
    links = [f for f in model._meta.concrete_fields if f.is_relation and f.related_model in found]
    return not any(map(_names_people, model._meta.concrete_fields)) and all(
        field.remote_field.on_delete is models.CASCADE
        and field.related_model._meta.label in _TABLES
        and _TABLES[field.related_model._meta.label].fate is Fate.ERASED
        for field in links
    )


@pytest.mark.parametrize("model", list(_about_people()), ids=lambda model: model._meta.label)
def test_every_table_about_members_has_a_fate_and_a_place_in_the_copy(model: type[models.Model]) -> None:
    table = _TABLES.get(model._meta.label)
    if table is None:
        pytest.fail(
            f"{model._meta.label} names members: declare in beyou/<app>/own_data.py what becomes of it after"
            " an erasure and which file of the copy holds it (core.personal.declare), and import that module"
            " in the app's ready()."
        )
    named = {field.name for field in model._meta.concrete_fields if _names_people(field)}
    said = {person.removesuffix("_id") for person in (*table.people, *table.mentions)}
    assert {name.removesuffix("_id") for name in named} <= said, "declare every field that names a member"


@pytest.mark.parametrize("table", personal.tables(), ids=lambda table: table.label)
def test_declarations_are_about_tables_that_exist(table: personal.Table) -> None:
    model = apps.get_model(table.label)
    for person in table.people:
        model._meta.get_field(person.split("__")[0].removesuffix("_id") if "__" in person else person)
    assert apps.get_app_config(table.app).module is not None


_ERASED = [table for table in personal.tables() if table.fate is Fate.ERASED and table.people]


@pytest.mark.parametrize("table", _ERASED, ids=lambda table: table.label)
def test_what_is_erased_has_somebody_who_erases_it(table: personal.Table) -> None:
    """The app reacts to `UserErased`; the canary test shows that it does it."""
    from beyou.core import events
    from beyou.users.events import UserErased

    handlers = {name.split(".")[1] for name, _ in events._handlers[UserErased]} | {"users", "privacy"}
    assert table.app in handlers


def test_a_declaration_must_not_leave_anything_open() -> None:
    for wrong in (
        {},
        {"copied": "a", "not_copied": "b"},
        {"copied": "a", "fate": Fate.KEPT},
        {"copied": "a", "why": "no"},
    ):
        with pytest.raises(ValueError, match=r"core\.Nothing"):
            personal.declare("core.Nothing", "member", what="x", **wrong)  # type: ignore[arg-type]
    assert "core.Nothing" not in _TABLES

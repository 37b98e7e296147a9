"""A row of every table, with a mark in each column that holds more than ids, numbers, moments and choices."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models

from beyou.backroom.rules import NAMED
from beyou.core import clock
from beyou.core.ids import uuid7

MARK = "ZQX"
MARKED_ADDRESS = "203.0.113.77"
MARKED_ID = UUID("dddddddd-dddd-4ddd-8ddd-dddddddddddd")
#: What no page may hold.
MARKS = (MARK, MARKED_ADDRESS, str(MARKED_ID), MARKED_ID.hex)
#: Ids with such names are as good as a password to whoever knows them.
_SECRET_IDS = ("key", "token")


def tables() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("beyou.")]


def fill() -> dict[type[models.Model], models.Model]:
    """One more row in every table of ours, without a thought for what their triggers and constraints ask.

    SQLite alone allows that, and has its triggers again when the transaction of the test is undone.
    """
    made: dict[type[models.Model], models.Model] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute("PRAGMA ignore_check_constraints=ON")
        try:
            for model in tables():
                _fill(model, made)
        finally:
            cursor.execute("PRAGMA ignore_check_constraints=OFF")
    return made


def _fill(model: type[models.Model], made: dict[type[models.Model], models.Model]) -> models.Model:
    if model not in made:
        values = {field.attname: _value(field, made) for field in model._meta.concrete_fields}
        row = model(**{name: value for name, value in values.items() if value is not None})
        row.save_base(raw=True, force_insert=True)
        made[model] = row
    return made[model]


def _value(field: Any, made: dict[type[models.Model], models.Model]) -> Any:
    if field.is_relation:
        return None if field.related_model is field.model else _fill(field.related_model, made).pk
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.UUIDField):
        return MARKED_ID if set(field.name.split("_")) & set(_SECRET_IDS) else field.get_default() or uuid7()
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.IntegerField | models.AutoField):
        return 4711
    if isinstance(field, models.DateTimeField):
        return clock.now()
    if isinstance(field, models.DateField):
        return clock.now().date()
    if f"{field.model._meta.label}.{field.name}" in NAMED:
        return f"named {field.name}"[: field.max_length]
    return _marked(field)


def _marked(field: Any) -> Any:
    if isinstance(field, models.BinaryField):
        return MARK.encode() * 8
    if isinstance(field, models.JSONField):
        return {MARK: [MARK]}
    if isinstance(field, models.GenericIPAddressField):
        return MARKED_ADDRESS
    return f"{MARK}@example.org" if isinstance(field, models.EmailField) else (MARK * 20)[: field.max_length]

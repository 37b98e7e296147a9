"""Triggers that refuse to change or delete what was sealed, for each engine.

They stop accidents and careless code; whoever may drop a trigger is caught by verification instead.
"""

from dataclasses import dataclass
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True, slots=True)
class _Guard:
    table: str
    fixed: tuple[str, ...]
    clearable: tuple[str, ...] = ()


# Erasure may clear the two ids of an entry, the document of a step and what a removal says.
_GUARDS: Final = (
    _Guard(
        "ledger_entry",
        ("seq", "block_no", "outbox_id", "kind", "entry"),
        clearable=("message_id", "conversation_id"),
    ),
    _Guard(
        "ledger_block",
        (
            *("block_no", "header", "hash_hex", "first_seq", "leaf_count", "tree_size", "sealed_ms"),
            *("attempts", "mine_us", "seal_us", "proposer", "proof"),
        ),
    ),
    _Guard(
        "ledger_step",
        ("id", "part_id", "number", "step", "actor", "actor_id", "at_ms"),
        clearable=("document",),
    ),
    _Guard("ledger_checkpoint", ("tree_size", "note")),
    _Guard("ledger_erasure", ("seq", "message_id", "day", "reason", "signature")),
    _Guard(
        "ledger_removal",
        ("id", "message_id", "number", "at_ms", "target", "signature"),
        clearable=("words", "salt"),
    ),
)
_DIFFERS: Final = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}


def _changed(guard: _Guard, vendor: str) -> str:
    if vendor == "mysql":
        same = [f"NEW.{c} <=> OLD.{c}" for c in guard.fixed]
        same += [f"(NEW.{c} IS NULL OR NEW.{c} <=> OLD.{c})" for c in guard.clearable]
        return f"NOT ({' AND '.join(same)})"
    differs = _DIFFERS[vendor]
    changed = [f"NEW.{c} {differs} OLD.{c}" for c in guard.fixed]
    changed += [f"(NEW.{c} IS NOT NULL AND NEW.{c} {differs} OLD.{c})" for c in guard.clearable]
    return " OR ".join(changed)


def _install(guard: _Guard, vendor: str) -> list[str]:
    table, message = guard.table, f"{guard.table} is append-only"
    changed = _changed(guard, vendor)
    if vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        return [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {changed} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        ]
    if vendor == "mysql":
        refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{message}'"
        return [
            (
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW"
                f" IF {changed} THEN {refuse}; END IF"
            ),
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        ]
    return [
        (
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$"
        ),
        (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN ({changed}) EXECUTE FUNCTION {table}_refuse()"
        ),
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION {table}_refuse()"
        ),
    ]


def _remove(guard: _Guard, vendor: str) -> list[str]:
    suffix = f" ON {guard.table}" if vendor == "postgresql" else ""
    return [f"DROP TRIGGER IF EXISTS {guard.table}_{verb}{suffix}" for verb in ("no_update", "no_delete")]


def install(connection: BaseDatabaseWrapper) -> None:
    """Every guarded table of this database refuses UPDATE and DELETE from now on."""
    remove(connection)
    with connection.cursor() as cursor:
        # The first migration runs before the later tables are made.
        present = set(connection.introspection.table_names(cursor))
        for guard in (each for each in _GUARDS if each.table in present):
            for statement in _install(guard, connection.vendor):
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """The tables can be changed again: for reversing the migration, and for tests that empty tables."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for guard in (each for each in _GUARDS if each.table in present):
            for statement in _remove(guard, connection.vendor):
                cursor.execute(statement)

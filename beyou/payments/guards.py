"""Triggers, for each engine, that keep the books append-only and every posting in one currency.

They stop accidents and careless code; whoever may drop a trigger is caught by `queries.money_health`.
"""

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

_BOOKS: Final = ("payments_transfer", "payments_posting")
_POSTING: Final = "payments_posting"
_CURRENCY_MESSAGE: Final = "payments_posting has accounts of another currency"
_OTHER_CURRENCY: Final = (
    "(SELECT COUNT(*) FROM payments_account"
    " WHERE payments_account.key_ IN (NEW.source_id, NEW.target_id)"
    " AND payments_account.currency = NEW.currency) <> 2"
)


def _condition(vendor: str) -> str:
    # `key` is a reserved word of MariaDB.
    return _OTHER_CURRENCY.replace("key_", "`key`" if vendor == "mysql" else '"key"')


def _append_only(table: str, vendor: str) -> list[str]:
    message = f"{table} is append-only"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for verb in ("update", "delete")
        ]
    if vendor == "mysql":
        return [
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} FOR EACH ROW"
            f" SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{message}'"
            for verb in ("update", "delete")
        ]
    return [
        (
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$"
        ),
        *(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} FOR EACH ROW"
            f" EXECUTE FUNCTION {table}_refuse()"
            for verb in ("update", "delete")
        ),
    ]


def _one_currency(vendor: str) -> list[str]:
    name, condition = f"{_POSTING}_currency", _condition(vendor)
    if vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_CURRENCY_MESSAGE}'); END"
        return [f"CREATE TRIGGER {name} BEFORE INSERT ON {_POSTING} WHEN {condition} {refuse}"]
    if vendor == "mysql":
        refuse = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_CURRENCY_MESSAGE}'; END IF"
        return [
            f"CREATE TRIGGER {name} BEFORE INSERT ON {_POSTING} FOR EACH ROW IF {condition} THEN {refuse}"
        ]
    return [
        (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition}"
            f" THEN RAISE EXCEPTION '{_CURRENCY_MESSAGE}' USING ERRCODE = 'restrict_violation'; END IF;"
            " RETURN NEW; END $$"
        ),
        f"CREATE TRIGGER {name} BEFORE INSERT ON {_POSTING} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def install(connection: BaseDatabaseWrapper) -> None:
    """The books of this database refuse UPDATE and DELETE, and postings that mix currencies, from now on."""
    remove(connection)
    statements = [line for table in _BOOKS for line in _append_only(table, connection.vendor)]
    with connection.cursor() as cursor:
        for statement in [*statements, *_one_currency(connection.vendor)]:
            cursor.execute(statement)


def allow_deletion(connection: BaseDatabaseWrapper) -> None:
    """Only what keeps the books append-only is gone: for tests that empty tables."""
    with connection.cursor() as cursor:
        for table in _BOOKS:
            for verb in ("update", "delete"):
                cursor.execute(_drop(f"{table}_no_{verb}", table, connection.vendor))


def remove(connection: BaseDatabaseWrapper) -> None:
    """The tables can be changed again: for reversing the migration."""
    allow_deletion(connection)
    with connection.cursor() as cursor:
        cursor.execute(_drop(f"{_POSTING}_currency", _POSTING, connection.vendor))


def _drop(trigger: str, table: str, vendor: str) -> str:
    return f"DROP TRIGGER IF EXISTS {trigger}" + (f" ON {table}" if vendor == "postgresql" else "")

"""Rows of a version without a chain are chained in the order in which they were made."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from beyou.audit import queries
from beyou.audit.services import record
from beyou.core.clock import now
from beyou.core.ids import uuid7

OLD, NEW = [("audit", "0001_initial")], [("audit", "0004_chain_contract")]


def _migrate(to: list[tuple[str, str]]) -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.migrate(to)
    return MigrationExecutor(connection)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [0, 7, 1203])
def test_old_rows_are_chained_and_new_ones_follow(count: int) -> None:
    executor = _migrate(OLD)
    try:
        old = executor.loader.project_state(OLD).apps.get_model("audit", "AuditRecord")
        moment = now()
        old.objects.bulk_create(
            old(
                id=uuid7(),
                act="member.looked_at",
                object_id=str(number),
                detail={"why": "é"},
                address="10.0.0.1" if number % 2 else None,
                created_at=moment - timedelta(seconds=number),
            )
            for number in range(count)
        )
    finally:
        _migrate(NEW)
    assert list(queries.Check({}).problems()) == []
    order = list(queries.records().reverse().values_list("object_id", flat=True))
    assert order == [str(number) for number in reversed(range(count))]
    record(act="member.looked_at", actor_id=None)
    assert queries.head()[0] == count + 1
    assert list(queries.Check({}).problems()) == []

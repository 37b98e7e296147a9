"""A transaction that lost a deadlock begins again, whole; others fail as they are."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, transaction

from beyou.core.models import ScheduledJob
from beyou.core.transactions import TRIES, retried

pytestmark = pytest.mark.django_db(transaction=True)


class Deadlock(Exception):
    sqlstate = "40P01"


def _fails(times: int, error: Callable[[], Exception], seen: list[int]) -> Callable[[], str]:
    @retried
    def work() -> str:
        seen.append(ScheduledJob.objects.count())
        ScheduledJob.objects.create(name=f"try {len(seen)}", due_ms=0)
        if len(seen) <= times:
            raise error()
        return "done"

    return work


def _deadlock() -> Exception:
    error = OperationalError("deadlock")
    error.__cause__ = Deadlock()
    return error


def _mariadb() -> Exception:
    error = OperationalError("deadlock")
    error.__cause__ = Exception(1213, "Deadlock found")
    return error


@pytest.mark.parametrize("error", [_deadlock, _mariadb, IntegrityError])
def test_a_collision_is_undone_and_tried_again(error: Callable[[], Exception]) -> None:
    seen: list[int] = []
    assert _fails(2, error, seen)() == "done"
    assert seen == [0, 0, 0]
    assert list(ScheduledJob.objects.values_list("name", flat=True)) == ["try 3"]


def test_it_gives_up_after_some_tries() -> None:
    seen: list[int] = []
    with pytest.raises(OperationalError):
        _fails(99, _deadlock, seen)()
    assert len(seen) == TRIES
    assert not ScheduledJob.objects.exists()


def test_other_errors_are_not_tried_again() -> None:
    seen: list[int] = []
    with pytest.raises(OperationalError):
        _fails(1, lambda: OperationalError("gone away"), seen)()
    assert len(seen) == 1


def test_within_another_transaction_only_the_outermost_begins_again() -> None:
    seen: list[int] = []
    with pytest.raises(IntegrityError), transaction.atomic():
        _fails(1, IntegrityError, seen)()
    assert len(seen) == 1

"""Transactions that begin again when the database has chosen them as the victim of a deadlock."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django.db import DatabaseError, IntegrityError, connection, transaction

log = structlog.get_logger()

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
#: PostgreSQL: serialization failure, deadlock. MariaDB: deadlock, and a row that changed since it was read.
_STATES = {"40001", "40P01"}
_NUMBERS = {1213, 1020}


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """The function runs in a transaction; after a deadlock, or when another transaction was the first to
    write a row that may exist once, everything is undone and it runs again, up to `TRIES` times.

    Inside another transaction it runs once: only the outermost can begin again.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in range(TRIES - 1, -1, -1):
            is_outermost = not connection.in_atomic_block
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except DatabaseError as error:
                if not left or not is_outermost or not _is_collision(error):
                    raise
                log.info("transaction.again", function=function.__qualname__, left=left)
        raise AssertionError("the last try returns or raises")

    return wrapped


def _is_collision(error: DatabaseError) -> bool:
    cause = error.__cause__
    if isinstance(error, IntegrityError) or getattr(cause, "sqlstate", None) in _STATES:
        return True
    return bool(cause and cause.args and cause.args[0] in _NUMBERS)

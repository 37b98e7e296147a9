"""What many tests of a module start from, built once instead of before each of them."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from django.db import transaction

from beyou.core import limits

Built = TypeVar("Built")


def standing(build: Callable[[], Built]) -> Any:
    """A fixture of a module: what `build` wrote stands for all its tests, each of which is undone to there.

    Its tests must not commit: a module with `transactional_db` or threads of its own cannot use this.
    """

    @pytest.fixture(scope="module")
    def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[Built]:
        outer = transaction.atomic()
        # As in Django's own TestCase: code that insists on the outermost transaction may run inside.
        outer._from_testcase = True  # type: ignore[attr-defined]
        with django_db_blocker.unblock(), outer:
            limits.reset()
            yield build()
            transaction.set_rollback(True)

    return built

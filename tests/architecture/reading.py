"""Which names of a query a view looks at: nothing can go wrong with the others, so walks leave them out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.http import QueryDict

#: What stands for all names at once.
ALL = "*"


@contextmanager
def names_read() -> Iterator[set[str]]:
    """Fills with the names that are looked up in any query or form meanwhile, and with `ALL` where somebody
    takes whatever there is.
    """
    seen: set[str] = set()
    with ExitStack() as stack:
        for method in ("__getitem__", "__contains__", "getlist"):
            stack.enter_context(_noting(method, seen))
        for method in ("__iter__", "items", "lists", "dict", "urlencode", "keys", "copy"):
            stack.enter_context(_noting(method, seen, ALL))
        yield seen


@contextmanager
def _noting(method: str, seen: set[str], name: str = "") -> Iterator[None]:
    plain = getattr(QueryDict, method)

    def noting(self: QueryDict, *arguments: Any, **named: Any) -> Any:
        seen.add(name or str(arguments[0]))
        return plain(self, *arguments, **named)

    with patch.object(QueryDict, method, noting):
        yield

"""What the owners of the place decide in numbers and words, such as a limit or a time. The app in which they
do stands above the core and answers here, for every app.
"""

import datetime as dt
from typing import Protocol


class Source(Protocol):
    """Whoever knows what is set, and the default of what is not."""

    def __call__(self, name: str, *, is_saved: bool) -> int | str:
        """As this process knew it some seconds ago, without a statement; or as the database says."""
        ...


_source: Source | None = None


def use(source: Source) -> None:
    """Makes the source the one that is asked."""
    global _source
    _source = source


def number(name: str) -> int:
    """The number that holds now. No statement on most calls."""
    return int(_asked(name, is_saved=False))


def word(name: str) -> str:
    """The word that holds now. No statement on most calls."""
    return str(_asked(name, is_saved=False))


def kept_for(name: str) -> dt.timedelta:
    """For how many days something is kept. Read anew: what is deleted too early is gone. One
    statement.
    """
    return dt.timedelta(days=int(_asked(name, is_saved=True)))


def _asked(name: str, *, is_saved: bool) -> int | str:
    assert _source is not None, "`beyou.instance` answers once Django has started"
    return _source(name, is_saved=is_saved)

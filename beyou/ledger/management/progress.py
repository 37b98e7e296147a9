"""A progress bar for long commands, shown only where a person watches."""

from typing import TextIO


class Bar:
    """Draws on one line; nothing at all where the stream is no terminal."""

    _WIDTH = 30

    def __init__(self, stream: TextIO, label: str) -> None:
        self._stream = stream
        self._label = label
        self._is_shown = stream.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Shows that so many of all entries are done."""
        if self._is_shown:
            filled = self._WIDTH * done // max(total, 1)
            bar = "█" * filled + "░" * (self._WIDTH - filled)
            self._stream.write(f"\r{self._label} {bar} {done:,} of {total:,}")
            self._stream.flush()

    def clear(self) -> None:
        """Leaves an empty line for what comes next."""
        if self._is_shown:
            self._stream.write("\r\033[K")
            self._stream.flush()

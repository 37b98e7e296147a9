"""Places where a process may die. Named, so that tests can make it die exactly there.

Nothing happens at a point unless a test has armed it. No setting and no request can.
"""

import os
import signal

#: Every name, in the order of a payment's life, so that no test forgets one.
POINTS: list[str] = []
_armed: str = ""
_hard = False


class Died(BaseException):
    """The process ended here: no handler of exceptions may catch it, and every open transaction is undone."""


def declare(*names: str) -> None:
    """The app has these points."""
    POINTS.extend(names)


def point(name: str) -> None:
    """Nothing, unless a test has armed this point."""
    if name == _armed:
        if _hard:
            os.kill(os.getpid(), signal.SIGKILL)
        disarm()
        raise Died(name)


def arm(name: str, *, hard: bool = False) -> None:
    """The process dies the next time it comes to the point: by `Died`, or by a real SIGKILL. Raises
    `ValueError` for a point that nobody declared.
    """
    global _armed, _hard
    if name not in POINTS:
        raise ValueError(f"there is no crash point {name}")
    _armed, _hard = name, hard


def disarm() -> None:
    """Nothing dies any more."""
    global _armed
    _armed = ""

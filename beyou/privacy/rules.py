"""States and limits of copies and erasures."""

from enum import StrEnum


class ExportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


class ErasureState(StrEnum):
    RUNNING = "running"
    DONE = "done"


#: How often a copy is begun before it counts as failed.
MAX_ATTEMPTS = 3


def percent(done: int, total: int) -> int:
    """How far a copy is: 100 only when it is ready."""
    return min(99, 100 * done // max(1, total))


def safe_path(path: str) -> str:
    """The path as it may stand in an archive. Raises `ValueError` for one that would leave the folder."""
    parts = path.split("/")
    if not all(parts) or any(part in (".", "..") or "\\" in part or "\0" in part for part in parts):
        raise ValueError(f"not a path for an archive: {path!r}")
    return path

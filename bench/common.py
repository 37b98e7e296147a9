"""What every measurement shares: sides run in turn within one run, and results are ratios between them."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One goal: what was measured, beside what, and whether their ratio keeps within the limit."""

    goal: str
    measured: str
    beside: str
    ratio: float
    limit: float
    #: A ratio of times must stay below its limit; a ratio of rates must reach it.
    at_most: bool = True

    @property
    def reached(self) -> bool:
        return self.ratio <= self.limit if self.at_most else self.ratio >= self.limit


def interleaved(
    sides: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 5
) -> dict[str, list[float]]:
    """Seconds of each call of each side. Sides alternate, so that what disturbs one disturbs all."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    for number in range(warm_up + rounds):
        for name, call in sides.items():
            begin = time.perf_counter()
            call()
            taken = time.perf_counter() - begin
            if number >= warm_up:
                times[name].append(taken)
    return times


def median(times: Sequence[float]) -> float:
    return statistics.median(times)


def percentile(times: Sequence[float], percent: float) -> float:
    """The smallest of the values that so many percent of them do not exceed (nearest rank)."""
    return sorted(times)[max(0, math.ceil(len(times) * percent / 100) - 1)]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def table(results: Sequence[Result]) -> str:
    """Goal, what was reached, the ratio and its limit, one line each."""
    head = ("goal", "reached", "beside", "ratio", "limit", "")
    lines = [
        (
            result.goal,
            result.measured,
            result.beside,
            f"{result.ratio:.2f}",
            f"{'≤' if result.at_most else '≥'} {result.limit:g}",
            "✓" if result.reached else "✗",
        )
        for result in results
    ]
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [head, *lines]
    )

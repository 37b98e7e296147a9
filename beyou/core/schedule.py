"""Work that returns: each job runs in one process at a time, once in its interval.

A job is a function that is safe to run twice, such as a sweep by a condition on time. What must
happen exactly when something else happens is an event (`core.events`), never a job.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.db.models import Max

from beyou.core import clock
from beyou.core.models import ScheduledJob

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[], object]
    every_ms: int


_jobs: dict[str, _Job] = {}


def every(interval: dt.timedelta) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers a function without arguments; put it into an app's `reactions.py` or import it from there."""

    def register(job: Callable[[], object]) -> Callable[[], object]:
        _jobs[f"{job.__module__}.{job.__qualname__}"] = _Job(job, interval // dt.timedelta(milliseconds=1))
        return job

    return register


@dataclass(frozen=True, slots=True)
class Standing:
    """How a returning job stands. `due_ms` is None when it never began."""

    name: str
    every_ms: int
    due_ms: int | None
    ran_ms: int
    last_error: str


def standings() -> list[Standing]:
    """Every job that this process knows. One statement."""
    rows = {row.name: row for row in ScheduledJob.objects.filter(name__in=list(_jobs))}
    return [
        Standing(
            name,
            job.every_ms,
            rows[name].due_ms if name in rows else None,
            rows[name].ran_ms if name in rows else 0,
            rows[name].last_error if name in rows else "",
        )
        for name, job in _jobs.items()
    ]


def last_run_ms(database: str = "default") -> int:
    """When a job ran last, as this database says; 0 when none did."""
    return ScheduledJob.objects.using(database).aggregate(last=Max("ran_ms"))["last"] or 0


def run_due() -> int:
    """Runs the jobs whose time has come, and returns how many this process took.

    The time of the next run is moved forward first, by a conditional update: of several processes one wins,
    and one that dies in the middle delays the job by one interval, no more.
    """
    moment, taken = clock.now_ms(), 0
    due = dict(ScheduledJob.objects.filter(name__in=list(_jobs)).values_list("name", "due_ms"))
    for name, job in _jobs.items():
        if due.get(name, 0) <= moment and _claim(name, due.get(name), moment + job.every_ms):
            taken += 1
            _run(name, job)
    return taken


def _claim(name: str, due_ms: int | None, next_ms: int) -> bool:
    if due_ms is None:
        rows = ScheduledJob.objects.bulk_create([ScheduledJob(name=name, due_ms=0)], ignore_conflicts=True)
        due_ms = rows[0].due_ms
    return bool(ScheduledJob.objects.filter(name=name, due_ms=due_ms).update(due_ms=next_ms))


def _run(name: str, job: _Job) -> None:
    try:
        job.run()
    # One job that fails must not keep the others from running; it is tried again after its interval.
    except Exception as error:
        log.exception("job.failed", job=name)
        ScheduledJob.objects.filter(name=name).update(last_error=type(error).__name__)
    else:
        ScheduledJob.objects.filter(name=name).update(last_error="", ran_ms=clock.now_ms())

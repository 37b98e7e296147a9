"""Returning jobs: once in an interval, by one process, and a failure stops nobody else."""

import datetime as dt

import pytest

from beyou.core import clock, schedule
from beyou.core.models import ScheduledJob

pytestmark = pytest.mark.django_db


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(schedule, "_jobs", {})
    return []


def test_a_job_runs_once_in_its_interval(runs: list[str]) -> None:
    @schedule.every(dt.timedelta(hours=1))
    def job() -> None:
        runs.append("job")

    assert [schedule.run_due(), schedule.run_due()] == [1, 0]
    clock.shift(3_600_001)
    assert schedule.run_due() == 1
    assert runs == ["job", "job"]


def test_a_job_that_another_process_has_just_claimed_is_left_alone(runs: list[str]) -> None:
    @schedule.every(dt.timedelta(hours=1))
    def job() -> None:
        runs.append("job")

    name = next(iter(schedule._jobs))
    ScheduledJob.objects.create(name=name, due_ms=5)
    assert not schedule._claim(name, 4, clock.now_ms())
    assert schedule._claim(name, 5, clock.now_ms() + 60_000)
    assert schedule.run_due() == 0


def test_a_failing_job_is_noted_and_stops_no_other(runs: list[str]) -> None:
    @schedule.every(dt.timedelta(hours=1))
    def fails() -> None:
        raise ValueError("no")

    @schedule.every(dt.timedelta(hours=1))
    def works() -> None:
        runs.append("works")

    assert schedule.run_due() == 2
    assert runs == ["works"]
    assert ScheduledJob.objects.get(name__endswith="fails").last_error == "ValueError"

"""The model of identity for 50,000 steps, in orders that nobody has seen before."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.users.identity_machine import Identity


@pytest.mark.django_db
def test_fifty_thousand_steps_open_nothing_that_was_not_earned() -> None:
    Identity.steps = 0
    while Identity.steps < 50_000:
        run_state_machine_as_test(
            Identity,
            settings=settings(
                max_examples=100,
                stateful_step_count=80,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

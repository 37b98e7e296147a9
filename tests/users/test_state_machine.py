"""No order of steps reaches what was not earned. 50,000 steps of it run in tests/faults."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.users.identity_machine import Identity

STEPS = 50


@pytest.mark.same_everywhere
@pytest.mark.django_db
def test_no_order_of_steps_opens_what_was_not_earned() -> None:
    Identity.steps = 0
    run_state_machine_as_test(
        Identity,
        settings=settings(
            max_examples=50,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            # Making a failure smaller would take many minutes here.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Identity.steps >= 2000, Identity.steps

"""No order of steps reaches what was not earned. 50,000 steps of it run in tests/faults."""

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.users.whole_identity import walk


@pytest.mark.same_everywhere
@pytest.mark.django_db
def test_no_order_of_steps_opens_what_was_not_earned() -> None:
    steps = walk(
        settings(
            max_examples=20,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            database=None,
            # Making a failure smaller would take many minutes here.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
    )
    assert steps >= 650, steps

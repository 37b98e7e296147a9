"""The model of identity for 50,000 steps, in orders that nobody has seen before."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.users.whole_identity import walk

#: Fewer where there is less time: IDENTITY_STEPS=10000 make faults.
STEPS = int(os.environ.get("IDENTITY_STEPS", "50000"))
#: In pieces, so that no test takes so long that it counts as hanging.
PIECE = 500


@pytest.mark.parametrize("piece", range(-(-STEPS // PIECE)))
@pytest.mark.django_db
def test_fifty_thousand_steps_open_nothing_that_was_not_earned(piece: int) -> None:
    steps = 0
    while steps < PIECE:
        steps += walk(
            settings(
                max_examples=10,
                stateful_step_count=80,
                deadline=None,
                database=None,
                # Making a failure smaller would take many minutes here.
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            )
        )

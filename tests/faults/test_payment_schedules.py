"""10,000 random lives of payments, in parts that are short enough for one test."""

import pytest

from beyou.payments import gateways
from tests.payments import schedules

LIVES = 10_000
#: Each large enough that the rarest turns of a life are taken, and short enough for one test.
PARTS = 25


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_random_schedules(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(gateways._makers, "sandbox", schedules.MoodyGateway)
    size = LIVES // PARTS
    schedules.check(range(part * size, (part + 1) * size))

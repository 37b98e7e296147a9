"""Random lives of payments; `make faults` lives 10,000 of them."""

import pytest
from django.db import connection

from beyou.payments import gateways
from tests.payments import schedules

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("part", range(3))
def test_random_schedules_leave_books_and_gateway_of_one_mind(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gateways._makers, "sandbox", schedules.MoodyGateway)
    # The decisions are the same everywhere; what engines decide, such as locks, the races ask.
    size = 100 if connection.vendor == "sqlite" else 20
    schedules.check(range(part * size, (part + 1) * size))

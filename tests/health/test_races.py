"""Several processes that see the same ailment, or its end, at the same moment."""

from functools import partial

import pytest

from beyou.core.models import OutboxEvent
from beyou.health import services
from beyou.health.models import HealthAlert
from beyou.health.rules import Check, State
from tests.blocks.test_races import at_once
from tests.factories import members

pytestmark = pytest.mark.django_db(transaction=True)

BROKEN, WORSE, WELL = (Check("disk", state, "x") for state in (State.WARNING, State.CRITICAL, State.OK))


def _told() -> int:
    return OutboxEvent.objects.filter(event="HealthChanged").count()


def test_eight_at_once_open_one_alert_make_it_worse_once_and_end_it_once() -> None:
    members.staff()
    for check, alerts, told in ((BROKEN, 1, 1), (WORSE, 1, 2), (WELL, 0, 3)):
        at_once([partial(services.note, check=check)] * 8)
        assert HealthAlert.objects.exclude(open_key=None).count() == alerts
        assert _told() == told
    assert HealthAlert.objects.count() == 1


def test_one_that_sees_it_broken_and_one_that_sees_it_well_leave_one_alert_at_most() -> None:
    members.staff()
    at_once([partial(services.note, check=check) for check in (BROKEN, WELL) * 4])
    assert HealthAlert.objects.exclude(open_key=None).count() <= 1
    services.note(check=WELL)
    assert not HealthAlert.objects.exclude(open_key=None).exists()
    # Every beginning that was told has an end that was told.
    assert _told() == 2 * HealthAlert.objects.count()

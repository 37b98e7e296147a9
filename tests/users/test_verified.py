"""Whether a member counts as verified is one field, changed by two services."""

import pytest

from beyou.core import clock
from beyou.users import services
from tests.factories import members

pytestmark = pytest.mark.django_db


def test_a_member_is_verified_from_the_first_time_until_taken_back() -> None:
    alice, dana = members.alice(), members.dana()
    assert not alice.is_verified
    services.mark_verified(member_id=alice.pk)
    alice.refresh_from_db()
    since = alice.verified_at
    assert alice.is_verified
    clock.shift(60_000)
    services.mark_verified(member_id=alice.pk)
    alice.refresh_from_db()
    assert alice.verified_at == since
    for _ in range(2):
        services.mark_unverified(member_id=alice.pk)
        alice.refresh_from_db()
        assert not alice.is_verified
    dana.refresh_from_db()
    assert not dana.is_verified

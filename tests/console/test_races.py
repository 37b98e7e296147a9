"""Owners who withdraw each other at the same moment."""

from contextlib import suppress
from functools import partial

import pytest

from beyou.users import queries, services
from beyou.users.errors import LastOwner
from beyou.users.rules import Level
from tests.blocks.test_races import at_once
from tests.factories import members

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_owners_withdrawn_at_once_one_stays() -> None:
    owners = [members.staff(handle=f"owner_{number}") for number in range(4)]

    def withdraw(owner: members.User) -> None:
        with suppress(LastOwner):
            services.withdraw_level(member_id=owner.pk, level=Level.OWNER, withdrawn_by_id=None)

    at_once([partial(withdraw, owner) for owner in owners])
    assert len(queries.staff_with(Level.OWNER)) == 1

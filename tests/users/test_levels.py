"""Staff levels: who may act on whom, and who may grant what."""

import itertools

import pytest

from beyou.audit.queries import records_about
from beyou.core.ids import uuid7
from beyou.users import queries, services
from beyou.users.rules import Level, has_level, may_act_on
from tests.factories import members

_LEVELS = [frozenset[str]()] + [frozenset({level.value}) for level in Level]


def test_nobody_acts_on_oneself_on_equals_or_upwards() -> None:
    one, other = uuid7(), uuid7()
    for mine, theirs in itertools.product(_LEVELS, _LEVELS):
        assert not may_act_on(one, mine, one, theirs)
        owner_on_staff = Level.OWNER in mine and Level.OWNER not in theirs
        staff_on_member = bool(mine) and not theirs
        assert may_act_on(one, mine, other, theirs) == (owner_on_staff or staff_on_member)


def test_an_owner_has_every_level_and_others_only_their_own() -> None:
    for wanted in Level:
        assert has_level({Level.OWNER}, wanted)
        assert has_level({wanted}, wanted)
        assert not any(has_level({held}, wanted) for held in Level if held not in (wanted, Level.OWNER))


@pytest.mark.django_db
def test_granting_and_withdrawing_repeat_without_harm_and_are_audited_once() -> None:
    alice = members.alice()
    for _ in range(2):
        services.grant_level(member_id=alice.pk, level=Level.VERIFIER, granted_by_id=None)
    alice.refresh_from_db()
    assert alice.is_staff
    assert queries.levels_of(alice.pk) == {"verifier"}
    assert queries.staff_with(Level.VERIFIER) == [alice.pk]
    assert queries.staff_with(Level.MODERATOR) == []
    for _ in range(2):
        services.withdraw_level(member_id=alice.pk, level=Level.VERIFIER, withdrawn_by_id=None)
    alice.refresh_from_db()
    assert not alice.is_staff
    acts = list(records_about(alice.pk).values_list("act", flat=True))
    assert sorted(acts) == ["staff.level_granted", "staff.level_withdrawn"]

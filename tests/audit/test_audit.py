"""The record of staff acts."""

import pytest
from django.db import transaction

from beyou.audit import queries
from beyou.audit.services import record
from beyou.core.ids import uuid7

pytestmark = pytest.mark.django_db


def test_an_act_is_found_by_who_did_it_and_by_whom_it_concerns() -> None:
    actor, subject = uuid7(), uuid7()
    record(act="member.looked_at", actor_id=actor, subject_id=subject, fields=["phone"])
    record(act="member.looked_at", actor_id=actor, subject_id=uuid7())
    assert [row.detail for row in queries.records_about(subject)] == [{"fields": ["phone"]}]
    assert queries.records_by(actor).count() == 2


def test_an_act_that_did_not_happen_leaves_no_row() -> None:
    subject = uuid7()

    @transaction.atomic
    def fail_in_the_middle() -> None:
        record(act="member.looked_at", actor_id=None, subject_id=subject)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle()
    assert not queries.records_about(subject).exists()

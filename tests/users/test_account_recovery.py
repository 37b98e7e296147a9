"""Getting in after every second step is lost: a mailbox, two of the staff, three days, and one use."""

import datetime as dt
import itertools
import re
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from beyou.audit.queries import records_about
from beyou.core import clock, events
from beyou.core.errors import ApplicationError
from beyou.core.ids import uuid7
from beyou.notifications.models import Notification
from beyou.users import account_recovery, queries, resets
from beyou.users.errors import AlreadyApproved, LinkOver, NotAbove, RecoveryOpen, RecoveryOver
from beyou.users.models import AccountRecovery, RecoveryApproval, SecurityEvent, User
from beyou.users.rules import (
    RECOVERY_DELAY,
    RECOVERY_VALID,
    Level,
    RecoveryState,
    RecoveryStep,
    may_release,
    recovery_after,
)
from beyou.users.services import withdraw_level
from tests.factories import members
from tests.factories.members import PASSWORD
from tests.users.test_resets import NEW, _link, _opened, _with_totp

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
REASON = "My phone fell into the lake, ask Bob who I am."
_HOUR = 3_600_000


@given(st.lists(st.sampled_from(RecoveryStep), max_size=12))
def test_nothing_leads_out_of_an_end(steps: list[RecoveryStep]) -> None:
    state = RecoveryState.WAITING
    passed = []
    for step in steps:
        after = recovery_after(state, step)
        if after is not None:
            state = after
            passed.append(step)
    ends = {RecoveryStep.USE, RecoveryStep.CANCEL, RecoveryStep.REFUSE, RecoveryStep.EXPIRE}
    assert sum(step in ends for step in passed) <= 1
    if RecoveryStep.USE in passed:
        assert passed.index(RecoveryStep.RELEASE) < passed.index(RecoveryStep.USE)
    if state not in (RecoveryState.WAITING, RecoveryState.READY):
        assert all(recovery_after(state, step) is None for step in RecoveryStep)


@given(st.lists(st.integers(0, 3), max_size=6), st.integers(-1, 400))
def test_two_different_people_and_three_days_let_in(approvers: list[int], hours: int) -> None:
    is_time = 72 <= hours < 14 * 24
    expected = is_time and len(set(approvers)) >= 2
    assert may_release(approvers, NOW, NOW + dt.timedelta(hours=hours)) == expected


def _asked(person: User) -> UUID:
    reset = resets.reset_of_token(resets.new_link(person))
    return account_recovery.ask_recovery(reset=reset, reason=REASON)


def _verifiers() -> tuple[User, User]:
    return members.staff(Level.VERIFIER, handle="vera"), members.staff(Level.VERIFIER, handle="victor")


def _approve_twice(recovery_id: UUID) -> None:
    for person in _verifiers():
        account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=person.pk)


def _later(delay: dt.timedelta) -> None:
    clock.shift(delay // dt.timedelta(milliseconds=1) + 1000)


def _drain() -> None:
    while events.drain():
        pass


def _path(kind: str) -> str:
    """The newest address of this kind in the mails."""
    for each in reversed(mail.outbox):
        found = re.search(rf"(/recover/account/{kind}/\S+)", str(each.body))
        if found:
            return found[1]
    raise AssertionError("no such mail")


@pytest.mark.django_db
def test_the_whole_way() -> None:
    alice = _with_totp(members.alice())
    elsewhere = members.client_of(alice)
    client = _opened(_link())
    assert "/recover/account" in client.get("/recover/password").content.decode()
    assert client.post("/recover/account", {"reason": REASON})["Location"] == "/recover/account/asked"
    assert "72 hours" in client.get("/recover/account/asked").content.decode()
    # The link that proved the mailbox is used up.
    assert client.post("/recover/password", {"password": NEW}).status_code == 410
    _drain()
    assert "Somebody asked" in mail.outbox[-1].subject
    row = AccountRecovery.objects.get()
    assert REASON.encode() not in bytes(row.reason_sealed)
    for person in _verifiers():
        staff = members.client_of(person)
        page = staff.get(f"/staff-pages-of-the-tests/recoveries/{row.id}").content.decode()
        assert "fell into the lake" in page
        assert staff.post(f"/staff-pages-of-the-tests/recoveries/{row.id}/approve").status_code == 302
    account_recovery.release_due()
    _drain()
    assert AccountRecovery.objects.get().state == RecoveryState.WAITING
    assert elsewhere.get("/settings/recovery").status_code == 200
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    _drain()
    path = _path("link")
    client = Client()
    assert client.get(path)["Location"] == "/recover/account/password"
    elsewhere = members.client_of(alice)
    assert client.post("/recover/account/password", {"password": NEW})["Location"] == "/sign-in"
    assert not Authenticator.objects.filter(user=alice).exists()
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert elsewhere.get("/home").status_code == 302
    assert client.get("/home").status_code == 302
    assert Client().get(path).status_code == 410
    acts = list(records_about(alice.pk).values_list("act", flat=True))
    assert sorted(acts) == ["recovery.approved", "recovery.approved", "recovery.used"]
    kinds = set(SecurityEvent.objects.filter(member=alice).values_list("kind", flat=True))
    assert {"recovery_asked", "recovery_done", "password_changed"} <= kinds
    _drain()
    assert "with the help of the staff" in " ".join(str(mail.outbox[-1].body).split())


@pytest.mark.django_db
def test_the_owner_cancels_by_mail_without_signing_in() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _drain()
    path = _path("cancel")
    client = Client()
    assert client.get(path).status_code == 200
    assert AccountRecovery.objects.get().state == RecoveryState.WAITING
    assert client.post(path).status_code == 200
    assert AccountRecovery.objects.get().state == RecoveryState.CANCELLED
    assert client.post(path).status_code == client.get(path).status_code == 410
    with pytest.raises(RecoveryOver):
        _approve_twice(recovery_id)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    _drain()
    assert AccountRecovery.objects.get().state == RecoveryState.CANCELLED
    assert "was cancelled" in " ".join(str(mail.outbox[-1].body).split())


@pytest.mark.django_db
def test_every_open_session_is_told_and_can_cancel() -> None:
    alice = _with_totp(members.alice())
    _asked(alice)
    _drain()
    notice = Notification.objects.get(member=alice)
    client = members.client_of(alice)
    assert client.post(f"/activity/{notice.id}")["Location"] == "/settings/recovery"
    assert "Cancel it" in client.get("/settings/recovery").content.decode()
    # Nobody else's page, and nobody else's button.
    stranger = members.client_of(members.charlie())
    assert "Cancel it" not in stranger.get("/settings/recovery").content.decode()
    stranger.post("/settings/recovery")
    assert AccountRecovery.objects.get().state == RecoveryState.WAITING
    assert client.post("/settings/recovery").status_code == 302
    assert AccountRecovery.objects.get().state == RecoveryState.CANCELLED
    assert client.post("/settings/recovery").status_code == 302


@pytest.mark.django_db
def test_a_ready_link_can_still_be_cancelled() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _approve_twice(recovery_id)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    _drain()
    path = _path("link")
    client = Client()
    client.get(path)
    assert Client().post(_path("cancel")).status_code == 200
    assert client.post("/recover/account/password", {"password": NEW}).status_code == 410
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert Authenticator.objects.filter(user=alice).exists()


@pytest.mark.django_db
def test_staff_decide_only_about_those_below_and_never_twice() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    vera, victor = _verifiers()
    moderator = members.staff(Level.MODERATOR, handle="mona")
    for nobody in (alice.pk, members.bob().pk, moderator.pk, uuid7()):
        for act in (
            lambda who=nobody: account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=who),
            lambda who=nobody: account_recovery.refuse_recovery(
                recovery_id=recovery_id, staff_id=who, answer="no"
            ),
        ):
            with pytest.raises(NotAbove):
                act()
    account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=vera.pk)
    with pytest.raises(AlreadyApproved):
        account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=vera.pk)
    of_an_equal = _asked(vera)
    for person in (vera, victor):
        with pytest.raises(NotAbove):
            account_recovery.approve_recovery(recovery_id=of_an_equal, staff_id=person.pk)
    assert RecoveryApproval.objects.count() == 1


@pytest.mark.django_db
def test_whoever_lost_the_level_counts_no_more() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _approve_twice(recovery_id)
    victor = User.objects.get(handle="victor")
    withdraw_level(member_id=victor.pk, level=Level.VERIFIER, withdrawn_by_id=None)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    assert AccountRecovery.objects.get().state == RecoveryState.WAITING
    third = members.staff(Level.OWNER, handle="oscar")
    account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=third.pk)
    assert AccountRecovery.objects.get().state == RecoveryState.READY


@pytest.mark.django_db
def test_a_refusal_tells_the_member_why() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    staff = members.client_of(_verifiers()[0])
    address = f"/staff-pages-of-the-tests/recoveries/{recovery_id}"
    for bad in ({}, {"answer": ""}, {"answer": "x" * 301}, {"answer": "\0"}):
        assert staff.post(f"{address}/refuse", bad).status_code == 422
    assert staff.post(f"{address}/refuse", {"answer": "Please come to the office."}).status_code == 302
    assert staff.post(f"{address}/refuse", {"answer": "Again."}).status_code == 409
    assert staff.post(f"{address}/approve").status_code == 409
    _drain()
    assert "Please come to the office." in str(mail.outbox[-1].body)
    assert mail.outbox[-1].to == ["alice@example.org"]


@pytest.mark.django_db
def test_it_ends_after_two_weeks() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _approve_twice(recovery_id)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    _drain()
    path = _path("link")
    client = Client()
    client.get(path)
    _later(RECOVERY_VALID)
    assert Client().get(path).status_code == 410
    assert client.post("/recover/account/password", {"password": NEW}).status_code == 410
    account_recovery.release_due()
    assert AccountRecovery.objects.get().state == RecoveryState.EXPIRED
    _drain()
    assert "two weeks" in " ".join(str(mail.outbox[-1].body).split())
    assert _asked(alice)


@pytest.mark.django_db
def test_there_is_one_request_at_a_time_and_the_second_costs_no_link() -> None:
    alice = _with_totp(members.alice())
    _asked(alice)
    reset = resets.reset_of_token(resets.new_link(alice))
    with pytest.raises(RecoveryOpen):
        account_recovery.ask_recovery(reset=reset, reason=REASON)
    client = _opened(_link())
    page = client.post("/recover/account", {"reason": REASON}).content.decode()
    assert "There is a request already" in page
    assert "fell into the lake" in page


@pytest.mark.django_db
def test_without_a_proved_mailbox_nobody_asks() -> None:
    _with_totp(members.alice())
    assert Client().get("/recover/account").status_code == 410
    assert Client().post("/recover/account", {"reason": REASON}).status_code == 410
    members.bob()
    assert _opened(_link("bob@example.org")).get("/recover/account")["Location"] == "/recover/password"
    assert not AccountRecovery.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields", [{}, {"reason": ""}, {"reason": "short"}, {"reason": "x" * 1001}, {"reason": "a\0" * 20}]
)
def test_bad_reasons_come_back(fields: dict[str, Any]) -> None:
    _with_totp(members.alice())
    client = _opened(_link())
    page = client.post("/recover/account", fields)
    assert page.status_code == 200
    assert "There is a problem" in page.content.decode()
    assert not AccountRecovery.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 5000, "%F0%9F%98%80"])
@pytest.mark.parametrize("kind", ["cancel", "link"])
def test_foreign_tokens_open_nothing(kind: str, token: str) -> None:
    _asked(_with_totp(members.alice()))
    _drain()
    path = f"/recover/account/{kind}/{token}"
    assert Client().get(path).status_code == 410
    assert Client().post(path).status_code in (405, 410)
    # One kind of token is never good as the other.
    crossed = _path("cancel").replace("/cancel/", "/link/")
    assert Client().get(crossed).status_code == 410


@pytest.mark.django_db
def test_the_lists_take_the_same_statements_for_two_and_twenty() -> None:
    staff = members.staff()
    counts = []
    for size in (2, 20):
        for number in range(size):
            _asked(_with_totp(members.member(f"lost_{size}_{number}")))
        ended = _asked(_with_totp(members.member(f"over_{size}")))
        account_recovery.cancel_recovery(recovery_id=ended)
        client = members.client_of(staff)
        client.get("/staff-pages-of-the-tests/recoveries")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/staff-pages-of-the-tests/recoveries").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def _at_once(acts: list[Callable[[], object]]) -> list[str]:
    """What became of acts that many threads take at the same moment: done, or the code of the refusal."""
    barrier, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
            outcomes.append("done")
        except ApplicationError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.django_db(transaction=True)
def test_one_person_who_agrees_many_times_at_once_is_one() -> None:
    recovery_id = _asked(_with_totp(members.alice()))
    vera, _ = _verifiers()
    outcomes = _at_once(
        [lambda: account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=vera.pk)] * 6
    )
    assert outcomes == ["already_approved"] * 5 + ["done"]
    assert RecoveryApproval.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_of_one_link_one_wins() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _approve_twice(recovery_id)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    row = account_recovery.recovery_of_id(recovery_id)
    outcomes = _at_once(
        [
            lambda number=number: account_recovery.use_recovery(recovery=row, password=f"{NEW} {number}")
            for number in range(6)
        ]
    )
    assert outcomes == ["done"] + ["link_over"] * 5


@pytest.mark.django_db(transaction=True)
def test_cancelling_and_using_at_once_end_in_one_of_the_two() -> None:
    alice = _with_totp(members.alice())
    recovery_id = _asked(alice)
    _approve_twice(recovery_id)
    _later(RECOVERY_DELAY)
    account_recovery.release_due()
    row = account_recovery.recovery_of_id(recovery_id)
    outcomes = _at_once(
        [
            lambda: account_recovery.cancel_recovery(recovery_id=recovery_id),
            lambda: account_recovery.use_recovery(recovery=row, password=NEW),
        ]
    )
    state = AccountRecovery.objects.get().state
    alice.refresh_from_db()
    assert outcomes in (["done", "link_over"], ["done", "recovery_over"])
    assert alice.check_password(NEW) == (state == RecoveryState.USED)
    assert Authenticator.objects.filter(user=alice).exists() == (state == RecoveryState.CANCELLED)


@pytest.mark.django_db(transaction=True)
def test_approving_and_cancelling_at_once_never_let_anybody_in() -> None:
    recovery_id = _asked(_with_totp(members.alice()))
    vera, victor = _verifiers()
    _later(RECOVERY_DELAY)
    _at_once(
        [
            lambda: account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=vera.pk),
            lambda: account_recovery.approve_recovery(recovery_id=recovery_id, staff_id=victor.pk),
            lambda: account_recovery.cancel_recovery(recovery_id=recovery_id),
        ]
    )
    account_recovery.release_due()
    assert AccountRecovery.objects.get().state == RecoveryState.CANCELLED
    with pytest.raises(LinkOver):
        account_recovery.recovery_of_id(recovery_id)


@pytest.mark.django_db(transaction=True)
def test_asking_many_times_at_once_is_one_request() -> None:
    alice = _with_totp(members.alice())
    made = [resets.reset_of_token(resets.new_link(alice)) for _ in range(5)]
    outcomes = _at_once(
        [lambda reset=reset: account_recovery.ask_recovery(reset=reset, reason=REASON) for reset in made]
    )
    assert outcomes == ["done"] + ["recovery_open"] * 4
    assert AccountRecovery.objects.count() == 1


@pytest.mark.django_db
def test_asking_after_an_end_starts_from_nothing() -> None:
    alice = _with_totp(members.alice())
    first = _asked(alice)
    vera, _ = _verifiers()
    account_recovery.approve_recovery(recovery_id=first, staff_id=vera.pk)
    account_recovery.cancel_recovery(recovery_id=first)
    second = _asked(alice)
    assert queries.approvers_of(second) == []
    assert list(itertools.chain(queries.approvers_of(first))) == [vera]

"""Joining by invitation: every door obeys the mode, and a use is spent once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core import mail as outbox
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.config.api import schema
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.instance import invitations, queries, services
from beyou.instance.errors import InvitationOver
from beyou.instance.models import Invitation
from beyou.users import proof_of_work
from beyou.users.models import User
from beyou.users.provider_forms import ProviderSignUpForm
from beyou.users.rules import Level
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.members import client_of, staff, visitor

PAGE = f"/{settings.STAFF_PREFIX}/settings/invitations"


@pytest.fixture(autouse=True)
def _as_a_new_process(_fresh_world: None) -> Iterator[None]:
    yield
    queries.forget()


def by_invitation() -> None:
    services.save_settings(
        actor_id=uuid7(), seen_version=0, name="", rules="", accent="", registration="invite"
    )
    queries.forget()


def made(uses: int = 1, days: int = 7) -> tuple[Invitation, str]:
    return invitations.make(actor_id=uuid7(), note="", uses=uses, days=days)


def join(handle: str, token: str | None, email: str = "") -> Any:
    fields = {
        "handle": handle,
        "name": "",
        "email": email or f"{handle}@example.org",
        "password1": members.PASSWORD,
        "proof": proof_of_work.solve(proof_of_work.new_challenge()),
    }
    return visitor().post("/join", fields | ({} if token is None else {"invitation": token}))


@pytest.mark.django_db
def test_without_a_good_invitation_nobody_joins_by_the_page() -> None:
    by_invitation()
    too_old, used_up, taken_back = made(days=1), made(), made()
    assert join("first", used_up[1]).status_code == 302
    invitations.revoke(actor_id=uuid7(), invitation_id=taken_back[0].pk)
    clock.shift(25 * 3600 * 1000)
    wrong = [None, "", "x", too_old[1], used_up[1], taken_back[1], "x" * 10_000, "\x00", too_old[0].digest]
    before = len(outbox.outbox)
    for token in wrong:
        answer = join("second", token)
        assert answer.status_code == 200, token
        assert "nvitation" in answer.content.decode()
    assert list(User.objects.values_list("handle", flat=True)) == ["first"]
    assert len(outbox.outbox) == before


@pytest.mark.django_db
def test_the_link_fills_in_the_field_and_a_known_address_spends_nothing() -> None:
    by_invitation()
    invitation, token = made(uses=2)
    page = visitor().get("/join", {"invitation": token}).content.decode()
    assert f'value="{token}"' in page
    assert "&lt;b&gt;" in visitor().get("/join", {"invitation": "<b>"}).content.decode()
    members.alice()
    # The answer is that of a new address, so that nobody learns who is a member.
    assert join("other", token, email="alice@example.org").status_code == 302
    invitation.refresh_from_db()
    assert invitation.used == 0
    assert join("newcomer", token).status_code == 302
    invitation.refresh_from_db()
    assert invitation.used == 1


@pytest.mark.django_db
def test_whoever_comes_from_a_provider_needs_one_too() -> None:
    by_invitation()
    _, token = made()
    identity = {"is_email_verified": True, "email": "p@example.org", "issuer": "x", "subject": "y"}
    for given, is_good in (("", False), ("wrong", False), (token, True)):
        fields = {"handle": "pro", "email": "p@example.org", "invitation": given}
        assert ProviderSignUpForm(fields, address="192.0.2.1", identity=identity).is_valid() is is_good


def test_no_operation_of_the_api_makes_a_member() -> None:
    """There is no door beside the forms; a new one has to ask `invitations.admit`."""
    assert b"sign-up" not in schema()
    assert b"/join" not in schema()


@pytest.mark.django_db
def test_where_everybody_may_join_no_invitation_is_asked_for_or_spent() -> None:
    invitation, token = made()
    assert join("first", None).status_code == 302
    assert join("second", token).status_code == 302
    invitation.refresh_from_db()
    assert invitation.used == 0


@pytest.mark.django_db
def test_a_door_that_another_process_has_just_closed_is_closed() -> None:
    by_invitation()
    # This process still believes that everybody may join.
    queries.hold(queries.Settings(), seconds=3600)
    assert join("first", None).status_code == 200
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_two_get_the_last_two_uses() -> None:
    by_invitation()
    invitation, token = made(uses=2)
    joined: list[int] = []

    def admit(number: int) -> None:
        try:
            invitations.admit(token)
            joined.append(number)
        except InvitationOver:
            pass

    at_once([partial(admit, number) for number in range(8)])
    invitation.refresh_from_db()
    assert (len(joined), invitation.used) == (2, 2)


@pytest.mark.django_db
def test_only_owners_make_and_take_back() -> None:
    invitation, _ = made()
    others = [client_of(staff(level, handle=level.value)) for level in Level if level is not Level.OWNER]
    for client in [*others, client_of(members.alice())]:
        assert client.get(PAGE).status_code == 404
        assert client.post(PAGE, {"uses": "1", "days": "1"}).status_code == 404
        assert client.post(f"{PAGE}/{invitation.pk}/revoke").status_code == 404
    assert Invitation.objects.filter(revoked_at=None).count() == 1


@pytest.mark.django_db
def test_an_owner_makes_one_whose_link_is_shown_once_and_takes_it_back() -> None:
    client = client_of(staff())
    page = client.post(PAGE, {"note": "<script>", "uses": "3", "days": "7"}).content.decode()
    assert "/join?invitation=" in page
    assert "<script>" not in page.replace('<script type="module"', "").replace("<script ", "")
    again = client.get(PAGE).content.decode()
    assert "/join?invitation=" not in again
    assert "0 of 3" in again
    assert "@staff" in again
    row = Invitation.objects.get()
    for _ in range(2):
        assert client.post(f"{PAGE}/{row.pk}/revoke").status_code == 302
    assert "taken back" in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}/{uuid7()}/revoke").status_code == 404
    acts = (
        AuditRecord.objects.filter(act__startswith="instance.").order_by("id").values_list("act", flat=True)
    )
    assert list(acts) == ["instance.invitation_made", "instance.invitation_revoked"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"uses": "0", "days": "1"},
        {"uses": "1001", "days": "1"},
        {"uses": "1", "days": "366"},
        {"uses": "-1", "days": "x"},
        {"uses": "9" * 5000, "days": "1"},
        {"uses": "1", "days": "1", "note": "x" * 61},
        {"uses": "1", "days": "1", "note": "a\u202eb"},
    ],
    ids=lambda sent: str(sent)[:40],
)
def test_bad_invitations_are_refused(sent: dict[str, str]) -> None:
    assert client_of(staff()).post(PAGE, sent).status_code == 422
    assert not Invitation.objects.exists()


@pytest.mark.django_db
def test_the_list_costs_the_same_for_2_and_20() -> None:
    client = client_of(staff())
    costs = []
    for count in (2, 18):
        for _ in range(count):
            made()
        client.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            client.get(PAGE)
        costs.append(len(asked))
    assert costs[0] == costs[1]

"""The staff pages and commands: who sees them, who may give levels, and that the last owner stays."""

import io
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.users import queries, services
from beyou.users.errors import LastOwner
from beyou.users.models import User
from beyou.users.rules import Level
from tests.architecture.routes import ROUTES, Access
from tests.factories import members
from tests.factories.members import PASSWORD, client_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

HOME = f"/{settings.STAFF_PREFIX}/"
STAFF = f"{HOME}staff"
AUDIT = f"{HOME}audit"


@pytest.mark.parametrize("level", list(Level))
def test_the_navigation_shows_only_what_the_level_opens(level: Level) -> None:
    client = client_of(staff(level))
    page = client.get(HOME).content.decode()
    for address, wanted in ((STAFF, Level.OWNER), (AUDIT, Level.AUDITOR)):
        may = level in (wanted, Level.OWNER)
        assert (f'href="{address}"' in page) == may
        assert client.get(address).status_code == (200 if may else 404)


def test_only_staff_see_where_their_pages_are() -> None:
    assert HOME in client_of(staff()).get("/home").content.decode()
    assert settings.STAFF_PREFIX not in client_of(members.alice()).get("/home").content.decode()


def test_a_staff_page_asks_for_a_second_factor() -> None:
    client = client_of(staff())
    session = client.session
    del session["account_authentication_methods"]
    session.save()
    response = client.get(STAFF)
    assert response.status_code == 302
    assert response["Location"].startswith("/settings/second-step?next=")


def test_who_lost_the_level_finds_nothing_with_the_next_click() -> None:
    auditor = staff(Level.AUDITOR)
    client = client_of(auditor)
    assert client.get(AUDIT).status_code == 200
    services.withdraw_level(member_id=auditor.pk, level=Level.AUDITOR, withdrawn_by_id=None)
    assert client.get(AUDIT).status_code == 404
    assert client.get(HOME).status_code == 404


def test_a_closed_account_of_the_staff_finds_nothing() -> None:
    owner = staff()
    client = client_of(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get(HOME).status_code == 302


def test_an_owner_gives_a_level_and_takes_it_and_both_are_audited() -> None:
    owner, alice = staff(), members.alice()
    client = client_of(owner)
    assert client.post(STAFF, {"handle": "@Alice", "level": "verifier"}).status_code == 302
    assert queries.levels_of(alice.pk) == {"verifier"}
    assert "Alice Ash" in client.get(STAFF).content.decode()
    assert client.post(f"{STAFF}/withdraw", {"member": alice.pk, "level": "verifier"}).status_code == 302
    assert queries.levels_of(alice.pk) == frozenset()
    acts = AuditRecord.objects.filter(subject_id=alice.pk, actor_id=owner.pk).order_by("id")
    assert [act.act for act in acts] == ["staff.level_granted", "staff.level_withdrawn"]


@pytest.mark.parametrize("level", list(Level))
def test_owners_act_neither_on_themselves_nor_on_owners(level: Level) -> None:
    owner, other = staff(), staff(handle="other_owner")
    client = client_of(owner)
    before = AuditRecord.objects.count()
    for target in (owner, other):
        page = client.post(STAFF, {"handle": target.handle, "level": level})
        assert page.status_code == 422
        assert "There is a problem" in page.content.decode()
        gone = client.post(f"{STAFF}/withdraw", {"member": target.pk, "level": level})
        assert gone.status_code == 403
        assert queries.levels_of(target.pk) == {"owner"}
    assert AuditRecord.objects.count() == before


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"handle": "alice"},
        {"handle": "alice", "level": "emperor"},
        {"handle": "nobody_here", "level": "verifier"},
        {"handle": "closed", "level": "verifier"},
        {"handle": "unconfirmed", "level": "verifier"},
        {"handle": "alice\x00", "level": "verifier"},
        {"handle": "a" * 10_000, "level": "verifier"},
        {"handle": ["alice", "bob"], "level": ["x", ""]},
        {"handle": "‮alice", "level": "verifier"},
    ],
)
def test_anything_else_grants_nothing_and_keeps_what_was_typed(sent: dict[str, Any]) -> None:
    owner = staff()
    members.alice(), members.member("closed", is_active=False)
    members.member("unconfirmed", is_confirmed=False)
    page = client_of(owner).post(STAFF, sent)
    assert page.status_code == 422
    assert "<title>Error: " in page.content.decode()
    assert [member.handle for member, _ in queries.staff_with_levels()] == ["staff"]


@pytest.mark.parametrize("sent", [{}, {"member": "x", "level": "owner"}, {"member": ["", "1"], "level": ""}])
def test_a_malformed_withdrawal_is_refused(sent: dict[str, Any]) -> None:
    assert client_of(staff()).post(f"{STAFF}/withdraw", sent).status_code == 422


def test_the_last_active_owner_stays() -> None:
    owner = staff()
    closed = staff(handle="closed_owner")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    with pytest.raises(LastOwner):
        services.withdraw_level(member_id=owner.pk, level=Level.OWNER, withdrawn_by_id=None)
    assert queries.levels_of(owner.pk) == {"owner"}
    staff(handle="second_owner")
    services.withdraw_level(member_id=owner.pk, level=Level.OWNER, withdrawn_by_id=None)
    assert queries.levels_of(owner.pk) == frozenset()


def test_both_lists_cost_the_same_for_two_and_twenty_rows() -> None:
    client, costs = client_of(staff()), []
    for count in (2, 20):
        for person in members.members(count, f"helper{count}"):
            services.grant_level(member_id=person.pk, level=Level.MODERATOR, granted_by_id=None)
        for address in (STAFF, AUDIT, HOME):
            client.get(address)
            with CaptureQueriesContext(
                connection,
            ) as caught:
                assert client.get(address).status_code == 200
            costs.append(len(caught))
    assert costs[:3] == costs[3:]


@pytest.mark.parametrize("level", list(Level))
def test_every_level_finds_its_pages_and_no_others(level: Level) -> None:
    """The whole matrix of staff addresses by level and method stands in tests/architecture."""
    pages = [
        pattern
        for pattern, route in ROUTES.items()
        if route.access is Access.STAFF and "<" not in pattern and not pattern.startswith("api/")
    ]
    client = client_of(staff(level))
    for pattern in pages:
        route = ROUTES[pattern]
        may = level is Level.OWNER or route.level in (None, level)
        for method in ("GET", "POST"):
            if method in route.methods:
                hidden = client.generic(method, f"/{pattern}").status_code == 404
                assert hidden != may, f"{level} {method} {pattern}"


class _Input(io.StringIO):
    """A standard input that is no terminal."""

    def isatty(self) -> bool:
        return False


def _create_owner(monkeypatch: pytest.MonkeyPatch, typed: str, *arguments: str) -> str:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", _Input(typed))
    call_command("createowner", *arguments, stdout=out)
    return out.getvalue()


def test_createowner_makes_a_member_who_can_sign_in_and_repeats_without_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = ("--email", "Olga@example.org", "--handle", "@Olga")
    said = _create_owner(monkeypatch, f"{PASSWORD}\n", *named)
    assert PASSWORD not in said
    olga = User.objects.get(handle="olga")
    assert olga.check_password(PASSWORD)
    assert olga.is_staff
    assert queries.is_confirmed(olga.pk)
    assert queries.levels_of(olga.pk) == {"owner"}
    before = (User.objects.count(), AuditRecord.objects.count(), olga.password)
    for again in (named, ("--email", "olga@example.org"), ("--handle", "olga")):
        assert "nothing was changed" in _create_owner(monkeypatch, "another password 99\n", *again)
    olga.refresh_from_db()
    assert (User.objects.count(), AuditRecord.objects.count(), olga.password) == before


def test_createowner_promotes_a_member_without_touching_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = members.alice()
    assert "is an owner now" in _create_owner(monkeypatch, "", "--handle", "alice")
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert queries.levels_of(alice.pk) == {"owner"}


@pytest.mark.parametrize(
    ("arguments", "typed", "word"),
    [
        ((), "", "Name the member"),
        (("--handle", "olga"), "", "no such member"),
        (("--email", "olga@example.org"), "", "no such member"),
        (("--email", "olga", "--handle", "olga"), PASSWORD, "email"),
        (("--email", "olga@example.org", "--handle", "Ölga"), PASSWORD, "Use only letters"),
        (("--email", "olga@example.org", "--handle", "admin"), PASSWORD, "reserved"),
        (("--email", "olga@example.org", "--handle", "olga"), "", "short"),
        (("--email", "olga@example.org", "--handle", "olga"), "password12", "anybody would try"),
        (("--email", "bob@example.org", "--handle", "alice"), PASSWORD, "do not belong"),
        (("--email", "olga@example.org", "--handle", "alice"), PASSWORD, "do not belong"),
        (("--handle", "closed"), PASSWORD, "closed"),
        (("--handle", "unconfirmed"), PASSWORD, "not confirmed"),
    ],
)
def test_createowner_says_what_is_wrong_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], typed: str, word: str
) -> None:
    members.alice(), members.bob(), members.member("closed", is_active=False)
    members.member("unconfirmed", is_confirmed=False)
    with pytest.raises(CommandError, match=word):
        _create_owner(monkeypatch, f"{typed}\n", *arguments)
    assert User.objects.count() == 4
    assert queries.staff_with_levels() == []


def _staff_command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("staff", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_line_grants_withdraws_and_lists() -> None:
    alice = members.alice()
    assert "done" in _staff_command("grant", "@alice", "owner")
    assert "nothing was changed" in _staff_command("grant", "alice", "owner")
    assert "owner" in _staff_command("list")
    with pytest.raises(CommandError, match="owner first"):
        _staff_command("withdraw", "alice", "owner")
    assert "done" in _staff_command("grant", "alice", "finance")
    assert "done" in _staff_command("withdraw", "alice", "finance")
    assert "nothing was changed" in _staff_command("withdraw", "alice", "finance")
    assert queries.levels_of(alice.pk) == {"owner"}
    with pytest.raises(CommandError, match="no member"):
        _staff_command("grant", "nobody_here", "owner")

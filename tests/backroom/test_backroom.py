"""The back room: for owners, read only, without secrets, and for everybody else not there."""

import re
import runpy
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.backroom.rules import HIDDEN, NAMED, is_shown
from beyou.backroom.site import row_address, shown_fields, site, table_address
from beyou.blocks.models import UserBlock
from beyou.core import clock
from beyou.users.models import StaffGrant, User
from beyou.users.rules import Level
from beyou.users.security_log import log_page
from tests.architecture.routes import patterns
from tests.architecture.table import PACKAGE
from tests.architecture.world import changed, rows
from tests.backroom.rows import MARKS, fill, tables
from tests.factories import members, passkeys
from tests.factories.members import client_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

HOME = f"/{settings.ADMIN_PATH}/"
NOWHERE = f"/{'n' * len(settings.ADMIN_PATH)}/"
USERS = f"{HOME}users/user/"


def _owner() -> tuple[User, Client]:
    owner = staff()
    return owner, client_of(owner)


def _shown(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


# What is shown


def test_pages_show_the_key_of_each_row_and_nothing_that_is_not_meant_to_be_seen() -> None:
    """Every table has a row with a mark in each text, cipher, address and key of it."""
    filled, (_, client) = fill(), _owner()
    pages = {HOME: _shown(client, HOME)}
    for model, row in filled.items():
        table, own = table_address(model), row_address(model, row.pk)
        if shown_fields(model):
            pages |= {table: _shown(client, table), own: _shown(client, own)}
            # A hidden value proves nothing where no value is shown.
            assert f">{row.pk}</a></th>" in pages[table], model
            assert f"<h2>{row.pk}</h2>" in pages[own], model
        else:
            assert {client.get(table).status_code, client.get(own).status_code} == {404}, model
    assert len(pages) > 150
    assert [path for path, page in pages.items() if any(mark in page for mark in MARKS)] == []
    for path, page in pages.items():
        assert re.findall(r"<script|<form|<style|\sstyle=|\son[a-z]+=|javascript:", page) == [], path


def test_a_row_says_ids_choices_and_moments_and_leads_to_what_it_names() -> None:
    _, client = _owner()
    bob = members.bob()
    page = _shown(client, f"{USERS}{bob.pk}/")
    assert "bob" in page
    assert "Bob Birch" not in page
    assert "bob@example.org" not in page
    grant = StaffGrant.objects.get(member__handle="staff")
    assert f'<a href="{row_address(User, grant.member_id)}">{grant.member_id}</a>' in _shown(
        client, row_address(StaffGrant, grant.pk)
    )


def test_texts_and_secrets_are_hidden_by_their_kind_and_by_their_name() -> None:
    assert is_shown("a.B", "due", "DateTimeField", has_choices=False)
    assert is_shown("a.B", "state", "CharField", has_choices=True)
    for kind in ("CharField", "TextField", "BinaryField", "JSONField", "EmailField", "GenericIPAddressField"):
        assert not is_shown("a.B", "anything", kind, has_choices=False)
    for name in ("key", "bank_key", "code", "token_id", "pin", "mac", "digest", "counter"):
        assert not is_shown("a.B", name, "UUIDField", has_choices=False)
        assert not is_shown("a.B", name, "CharField", has_choices=True)
    assert not is_shown("users.TotpUse", "member", "UUIDField", has_choices=False)


def test_what_is_named_and_what_is_hidden_exists() -> None:
    labels = {model._meta.label: model for model in tables()}
    assert set(labels) >= HIDDEN
    for name in NAMED:
        label, _, field = name.rpartition(".")
        assert labels[label]._meta.get_field(field)
    # What owns or opens something has no page, and neither have rows whose key is a text of somebody.
    for label in ("users.MemberSession", "users.AccessToken", "users.RecoveryCode", "search.Word"):
        assert not site.is_registered(labels[label])
    assert not [model for model in site._registry if not model.__module__.startswith("beyou.")]


# Who enters


def _strangers() -> Iterator[tuple[str, Client, dict[str, Any]]]:
    yield "visitor", Client(), {}
    yield "member", client_of(members.alice()), {}
    for level in Level:
        if level is not Level.OWNER:
            yield level, client_of(staff(level, handle=f"only_{level}")), {}
    for state in ("deletion_due_at", "awaits_since", "suspended_until"):
        person = staff(handle=state)
        User.objects.filter(pk=person.pk).update(**{state: clock.from_ms(clock.now_ms() + 10**9)})
        yield state, client_of(person), {}
    owner, browser = _owner()
    yield "an owner with a token", browser, members.bearer(members.token(owner)[1])


def _said(response: HttpResponseBase, prefix: str) -> tuple[Any, ...]:
    """Everything that an answer says, without what differs each time."""
    body = response.content.decode().replace(prefix, "/X/")  # type: ignore[attr-defined]  # not streamed
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-Id"}
    cookies = {name: (bool(each.value), each["max-age"]) for name, each in response.cookies.items()}
    return response.status_code, re.sub(r"\b[A-Za-z0-9]{64}\b", "token", body), headers, cookies


_JSON, _PART = {"Accept": "application/json"}, {"HX-Request": "true"}
_ASKED = [
    *((rest, method, {}) for rest in ("", "users/user/", "ROW", "users/user") for method in ("GET", "POST")),
    *(("users/user/", method, {}) for method in ("HEAD", "OPTIONS", "DELETE")),
    *(("users/user/?email__startswith=b", "GET", headers) for headers in (_JSON, _PART)),
]


def test_for_everybody_else_there_is_no_such_place() -> None:
    """Whatever is asked for, the answer is that of an address that nobody ever made."""
    row = f"users/user/{members.bob().pk}/"
    for who, client, extra in _strangers():
        client.handler.enforce_csrf_checks = True
        before = rows()
        for rest, method, headers in _ASKED:
            rest = row if rest == "ROW" else rest
            there = client.generic(method, HOME + rest, b"x=1", headers=headers, **extra)
            nowhere = client.generic(method, NOWHERE + rest, b"x=1", headers=headers, **extra)
            assert there.status_code == 404, f"{who} {method} {rest}"
            assert _said(there, HOME) == _said(nowhere, NOWHERE), f"{who} {method} {rest} {headers}"
        assert client.get(HOME[:-1], **extra).status_code == 404
        assert changed(before) == []


def test_without_a_path_there_is_no_back_room(settings: Any) -> None:
    """What is mounted below an empty path would stand at the root of the site."""
    there = len(runpy.run_path(str(PACKAGE / "config" / "urls.py"))["urlpatterns"])
    settings.ADMIN_PATH = ""
    assert len(runpy.run_path(str(PACKAGE / "config" / "urls.py"))["urlpatterns"]) == there - 1


def test_no_page_stands_where_a_back_room_could_be_put() -> None:
    """Addresses that begin with 16 characters or more that a path may have: only the secret ones."""
    first = {pattern.split("/")[0] for pattern in patterns()}
    possible = {part for part in first if re.fullmatch(r"[A-Za-z0-9_-]{16,64}", part)}
    assert possible == {settings.STAFF_PREFIX, settings.ADMIN_PATH}


def test_the_confirmation_tells_nobody_but_owners_where_it_is() -> None:
    moderator = staff(Level.MODERATOR, handle="mod")
    passkeys.app(moderator)
    client = client_of(moderator)
    real = client.get(f"/confirm?next={HOME}").content.decode().replace(HOME, "X")
    guess = client.get(f"/confirm?next={NOWHERE}").content.decode().replace(NOWHERE, "X")
    assert re.sub(r"\b[A-Za-z0-9]{64}\b", "token", real) == re.sub(r"\b[A-Za-z0-9]{64}\b", "token", guess)


def test_an_owner_shows_the_second_factor_and_not_the_password() -> None:
    owner = staff()
    secret = passkeys.app(owner)
    client = client_of(owner)
    clock.shift(3_600_000)
    asked = client.get(USERS)
    assert asked["Location"] == f"/confirm?next={USERS.replace('/', '%2F')}"
    assert client.post("/confirm", {"next": USERS, "password": members.PASSWORD}).status_code == 422
    assert client.post("/confirm", {"next": USERS, "code": passkeys.code(secret)})["Location"] == USERS
    assert client.get(USERS).status_code == 200


# What can be done


def test_nothing_can_be_changed() -> None:
    _, client = _owner()
    bob = members.bob()
    before = rows()
    for path in (HOME, f"{HOME}users/", USERS, f"{USERS}{bob.pk}/"):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            sent = {"action": "delete_selected", "_selected_action": str(bob.pk), "handle": "x", "_save": "1"}
            response = client.post(path, sent) if method == "POST" else client.generic(method, path)
            assert response.status_code == 405
            assert response["Allow"] == "GET, HEAD"
    for rest in ("add/", f"{bob.pk}/change/", f"{bob.pk}/delete/", f"{bob.pk}/history/"):
        assert client.get(USERS + rest).status_code == 404
    for rest in ("login/", "logout/", "password_change/", "jsi18n/", "autocomplete/", "r/1/1/"):
        assert client.get(HOME + rest).status_code == 404
    assert changed(before) == []


@pytest.mark.parametrize(
    "question",
    [
        *("email__startswith=bob", "password__startswith=md5", "handle=bob", "pk__gt=0", "q=bob", "o=1"),
        *("grants__level=owner", "_to_field=email", "_popup=1", "all=", "e=1", "_facets=True", "p=1&x=1"),
    ],
)
def test_nothing_can_be_asked_for(question: str) -> None:
    """Lists have no filters, not even those of Django's: an answer to them would tell what is hidden."""
    _, client = _owner()
    bob = members.bob()
    for path in (HOME, f"{HOME}users/", USERS, f"{USERS}{bob.pk}/"):
        assert client.get(f"{path}?{question}").status_code == 422


def test_what_is_not_there_is_missing() -> None:
    _, client = _owner()
    before = rows()
    for rest in (
        *("nobody/", "users/nobody/", "admin/logentry/", "auth/permission/", "account/emailaddress/"),
        *("users/totpuse/", "search/word/", f"users/user/{uuid4()}/", "users/user/1/", "users/user/_/"),
        *("users/user/add/", "marketplace/category/x/", f"marketplace/category/{'9' * 400}/"),
        "marketplace/category/-1/",
    ):
        assert client.get(HOME + rest).status_code == 404, rest
    assert changed(before) == []


def test_long_tables_come_in_pages_newest_first_with_as_many_statements_as_short_ones() -> None:
    _, client = _owner()
    people = members.members(2)
    client.get(USERS)
    with CaptureQueriesContext(connection) as few:
        _shown(client, USERS)
    with CaptureQueriesContext(connection) as one:
        _shown(client, f"{USERS}{people[0].pk}/")
    people += members.members(58, "more")
    with CaptureQueriesContext(connection) as many:
        first = _shown(client, USERS)
    assert len(few) == len(many) <= 14
    assert len(one) <= 14
    assert str(people[-1].pk) in first
    assert str(people[0].pk) not in first
    assert str(people[0].pk) in _shown(client, f"{USERS}?p=2")
    assert f'"{User._meta.db_table}"."bio"' not in "".join(query["sql"] for query in many[5:])
    for page in ("3", "0", "-1", "9" * 400):
        assert client.get(f"{USERS}?p={page}").status_code == 404
    assert client.get(f"{USERS}?p=NaN").content.decode().count("<tr>") == first.count("<tr>")


def test_lists_name_nobody_by_id_and_rows_tell_the_first_whom_they_are_about() -> None:
    """Who is blocked hears nothing of it by way of a look."""
    _, client = _owner()
    bob, charlie = members.bob(), members.charlie()
    row = UserBlock.objects.create(blocker=bob, blocked=charlie)
    shown = _shown(client, table_address(UserBlock))
    assert str(bob.pk) not in shown
    assert str(charlie.pk) not in shown
    assert str(charlie.pk) in _shown(client, row_address(UserBlock, row.pk))
    clock.shift(31 * 24 * 3_600_000)
    assert [entry.kind for entry in log_page(bob.pk).items] == ["staff_look"]
    assert log_page(charlie.pk).items == []


def test_each_look_is_in_the_audit_before_anything_is_seen() -> None:
    owner, client = _owner()
    bob = members.bob()
    _shown(client, HOME)
    _shown(client, f"{HOME}users/")
    assert not AuditRecord.objects.filter(act__startswith="backroom.").exists()
    _shown(client, USERS)
    _shown(client, f"{USERS}{bob.pk}/")
    of_list, of_row = AuditRecord.objects.filter(act__startswith="backroom.").order_by("number")
    assert (of_list.act, of_list.actor_id, of_list.subject_id) == ("backroom.list_viewed", owner.pk, None)
    assert of_list.detail == {"table": "users.User", "page": 1}
    assert (of_row.act, of_row.actor_id, of_row.subject_id) == ("backroom.row_viewed", owner.pk, bob.pk)
    assert (of_row.object_id, of_row.detail) == (str(bob.pk), {"table": "users.User"})
    assert of_row.address == "127.0.0.1"
    page = _shown(client, f"/{settings.STAFF_PREFIX}/audit")
    assert "looked at a row about <b>@bob</b> in the back room." in page

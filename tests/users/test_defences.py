"""What must hold when somebody attacks the doors: timing, limits that break, closed accounts, other doors."""

import re
import threading
from typing import Any

import pytest
from django.contrib.auth.hashers import get_hasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from beyou.core import limits
from beyou.users import proof_of_work
from beyou.users.hashers import MemberHasher
from beyou.users.models import LoginActivity, LoginOutcome, User
from tests.factories import members
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db


def _sign_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/sign-in", {"login": email, "password": password}, **extra)


def _join(handle: str, email: str) -> Any:
    proof = proof_of_work.solve(proof_of_work.new_challenge())
    fields = {"handle": handle, "email": email, "password1": PASSWORD, "proof": proof}
    return Client().post("/join", fields)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows by one whenever a password is hashed, which is what takes the time."""
    calls: list[str] = []
    hasher = type(get_hasher("default"))
    encode = hasher.encode

    def counted(self: Any, password: str, *arguments: Any, **options: Any) -> str:
        calls.append(password)
        return str(encode(self, password, *arguments, **options))

    monkeypatch.setattr(hasher, "encode", counted)
    return calls


def test_known_and_unknown_addresses_cost_the_same_hashing_at_sign_in(hashed: list[str]) -> None:
    members.alice()
    costs = []
    for email in ("alice@example.org", "nobody@example.org"):
        hashed.clear()
        _sign_in(Client(), email, "wrong password")
        costs.append(len(hashed))
    assert costs[0] == costs[1] > 0


def test_known_and_unknown_addresses_cost_the_same_statements_at_sign_in() -> None:
    members.alice()
    shapes = []
    for email in ("alice@example.org", "nobody@example.org", "alice@example.org"):
        with CaptureQueriesContext(connection) as seen:
            _sign_in(Client(), email, "a wrong password")
        shapes.append([re.sub(r"'[^']*'|s\d+_x\d+", "", query["sql"])[:300] for query in seen])
    assert [len(shape) for shape in shapes[1:]] == [len(shapes[0])] * 2
    assert shapes[0][0] == shapes[1][0] == shapes[2][0]


def test_known_and_unknown_addresses_cost_the_same_hashing_at_sign_up(hashed: list[str]) -> None:
    members.alice()
    costs = []
    for handle, email in (("bob", "bob@example.org"), ("charlie", "alice@example.org")):
        hashed.clear()
        assert _join(handle, email).status_code == 302
        costs.append(len(hashed))
    assert costs[0] == costs[1] > 0


def test_passwords_are_kept_as_argon2id() -> None:
    hasher = MemberHasher()
    encoded = hasher.encode(PASSWORD, hasher.salt())
    assert encoded.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(PASSWORD, encoded)
    assert not hasher.verify(PASSWORD.upper(), encoded)


class BrokenStore(Exception):
    pass


def test_nobody_gets_in_while_attempts_cannot_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(policy: str, key: str) -> None:
        raise BrokenStore

    members.alice()
    monkeypatch.setattr(limits, "check", broken)
    client = Client(raise_request_exception=False)
    assert _sign_in(client, "alice@example.org").status_code == 500
    assert client.get("/home").status_code == 302
    assert not LoginActivity.objects.filter(outcome=LoginOutcome.SUCCESS).exists()


def test_nobody_joins_while_proofs_cannot_be_marked_as_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> bool:
        raise BrokenStore

    proof = proof_of_work.solve(proof_of_work.new_challenge())
    monkeypatch.setattr(cache, "add", broken)
    fields = {"handle": "alice", "email": "alice@example.org", "password1": PASSWORD, "proof": proof}
    assert Client(raise_request_exception=False).post("/join", fields).status_code == 500
    assert not User.objects.exists()


def test_one_proof_makes_one_member() -> None:
    proof = proof_of_work.solve(proof_of_work.new_challenge())
    for number in range(3):
        fields = {
            "handle": f"member{number}",
            "email": f"member{number}@example.org",
            "password1": PASSWORD,
            "proof": proof,
        }
        Client().post("/join", fields)
    assert User.objects.count() == 1


def test_a_member_who_is_closed_out_is_out_at_once() -> None:
    alice = members.alice()
    client = Client()
    _sign_in(client, "alice@example.org")
    assert client.get("/home").status_code == 200
    User.objects.filter(id=alice.id).update(is_active=False)
    assert client.get("/home").status_code == 302
    assert client.get("/api/v1/me").status_code == 401


def test_one_address_cannot_try_many_accounts() -> None:
    members.alice()
    for number in range(60):
        _sign_in(Client(), f"guess{number}@example.org", "wrong password", REMOTE_ADDR="192.0.2.66")
    _sign_in(Client(), "alice@example.org", REMOTE_ADDR="192.0.2.66")
    assert LoginActivity.objects.filter(outcome=LoginOutcome.LIMITED).count() == 1
    assert LoginActivity.objects.count() == 61
    assert _sign_in(Client(), "alice@example.org", REMOTE_ADDR="192.0.2.7").status_code == 302


def _callbacks(resolver: URLResolver) -> Any:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry.callback
        else:
            yield from _callbacks(entry)


def test_no_view_of_allauth_is_reachable_but_through_ours() -> None:
    doors = [callback.__module__ for callback in _callbacks(get_resolver())]
    assert "beyou.users.views" in doors
    assert [module for module in doors if module.startswith("allauth")] == []


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/login", "/signup", "/password/reset/", "/_allauth/browser/v1/auth/login"]
)
def test_the_usual_doors_of_allauth_do_not_exist(path: str) -> None:
    assert Client().post(path, {}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_fifty_sign_ins_at_once_leave_fifty_rows_and_fifty_sessions() -> None:
    people = [members.member(f"member_{number}") for number in range(50)]
    barrier, keys = threading.Barrier(50), set()

    def enter(number: int) -> None:
        client = Client()
        barrier.wait()
        address = f"192.0.2.{number + 1}"
        if _sign_in(client, people[number].email, REMOTE_ADDR=address).status_code == 302:
            keys.add(client.session.session_key)
        connection.close()

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 50
    rows = LoginActivity.objects.values_list("outcome", "member_id")
    assert sorted(rows) == sorted((LoginOutcome.SUCCESS.value, person.id) for person in people)

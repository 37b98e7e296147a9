"""Guessing: how often strangers may try, that the member still gets in, and what happens without a store."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from beyou.core import limits
from beyou.core.errors import RateLimited, StoreAway
from beyou.users.models import KnownDevice, LoginActivity, LoginOutcome
from tests.engines import servers
from tests.factories import members
from tests.factories.members import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/sign-in", {"login": email, "password": password}, **extra)


def tried(email: str = "") -> int:
    """How many passwords were really compared."""
    wrong = LoginActivity.objects.filter(outcome__in=[LoginOutcome.BAD_CREDENTIALS, LoginOutcome.UNKNOWN])
    return wrong.filter(member__email=email).count() if email else wrong.count()


def addresses() -> Iterator[str]:
    return (
        f"198.{number // 65025 % 50 + 18}.{number // 255 % 255}.{number % 255}" for number in range(10**6)
    )


def test_rotating_addresses_get_ten_tries_and_the_known_device_gets_in() -> None:
    alice = members.alice()
    known = Client()
    sign_in(known, alice.email)
    known.post("/sign-out")
    source = addresses()
    for number in range(300):
        sign_in(Client(), alice.email, "wrong password", REMOTE_ADDR=next(source))
        if number % 100 == 50:
            assert sign_in(known, alice.email, REMOTE_ADDR="192.0.2.1").status_code == 302
            known.post("/sign-out")
    assert tried(alice.email) == 10
    assert "Too many attempts" in sign_in(Client(), alice.email, REMOTE_ADDR=next(source)).content.decode()
    assert sign_in(known, alice.email).status_code == 302


def test_a_stranger_who_is_known_for_his_own_account_is_a_stranger_to_others() -> None:
    alice, mallory = members.alice(), members.mallory()
    his = Client()
    sign_in(his, mallory.email)
    his.post("/sign-out")
    source = addresses()
    for _ in range(40):
        sign_in(his, alice.email, "wrong password", REMOTE_ADDR=next(source))
    assert tried(alice.email) == 10


def test_a_known_device_is_limited_too() -> None:
    alice = members.alice()
    known = Client()
    sign_in(known, alice.email)
    known.post("/sign-out")
    for _ in range(15):
        sign_in(known, alice.email, "wrong password")
    assert tried(alice.email) == 10


@pytest.mark.parametrize("cookie", ["", "x", "a:b:c", "ImFiYyI:1abc:def", "\x00", "x" * 5000])
def test_a_forged_device_is_no_device(cookie: str) -> None:
    alice = members.alice()
    client = Client()
    client.cookies["beyou-device"] = cookie
    for _ in range(7):
        sign_in(client, alice.email, "wrong password")
    assert tried(alice.email) == 5
    assert KnownDevice.objects.count() == 0


def test_a_device_is_remembered_once_and_its_cookie_cannot_be_read_by_scripts() -> None:
    alice, bob = members.alice(), members.bob()
    client = Client()
    answer = sign_in(client, alice.email)
    cookie = answer.cookies["beyou-device"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 400 * 24 * 3600
    for person in (alice, bob, alice):
        client.post("/sign-out")
        assert "beyou-device" not in sign_in(client, person.email).cookies
    assert sorted(KnownDevice.objects.values_list("member__handle", flat=True)) == ["alice", "bob"]
    assert len(set(KnownDevice.objects.values_list("token_digest", flat=True))) == 1
    rows = LoginActivity.objects.order_by("id").values_list("member__handle", "is_known_device")
    assert list(rows) == [("alice", False), ("alice", True), ("bob", False), ("alice", True)]


def test_neighbours_in_one_ipv6_network_are_one_address() -> None:
    assert limits.network("2001:db8:1:2:3:4:5:6") == limits.network("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert limits.network("2001:db8:1:3::1") != limits.network("2001:db8:1:2::1")
    assert limits.network("192.0.2.7") == limits.network("::ffff:192.0.2.7") == "192.0.2.7"
    members.alice()
    for number in range(70):
        sign_in(Client(), f"guess{number}@example.org", "wrong", REMOTE_ADDR=f"2001:db8:1:2::{number + 1:x}")
    assert tried() == 60


def test_unknown_accounts_are_limited_like_known_ones() -> None:
    members.alice()
    for email in ("alice@example.org", "nobody@example.org"):
        source = addresses()
        for _ in range(20):
            sign_in(Client(), email, "wrong password", REMOTE_ADDR=next(source))
    outcomes = LoginActivity.objects.values_list("outcome", flat=True)
    assert [list(outcomes).count(name) for name in ("bad_credentials", "unknown", "limited")] == [10, 10, 20]


@pytest.fixture
def redis() -> Iterator[str]:
    try:
        with servers.redis() as url:
            yield url
    except servers.ServerMissing as error:
        pytest.skip(str(error))


def use(settings: Any, url: str) -> None:
    """Limits and cache of the test live there."""
    settings.REDIS_URL = url
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
    }
    limits._limiter.cache_clear()


def test_without_the_store_nobody_is_let_in_and_the_page_says_so(settings: Any) -> None:
    alice = members.alice()
    inside = members.client_of(alice)
    use(settings, "redis://127.0.0.1:1/0")
    client = Client(raise_request_exception=False)
    answer = sign_in(client, alice.email)
    assert answer.status_code == 503
    assert "try again in a minute" in answer.content.decode()
    assert answer["Retry-After"] == "60"
    assert client.get("/home").status_code == 302
    assert not LoginActivity.objects.filter(outcome=LoginOutcome.SUCCESS).exists()
    with pytest.raises(StoreAway):
        limits.check("code.account", "x")
    # What is no guess goes on, and so does whoever is in.
    limits.check("friends.member", "x")
    assert inside.get("/home").status_code == 200
    assert inside.post("/sign-out").status_code == 302


def test_a_cache_that_is_away_is_no_error_of_ours(settings: Any) -> None:
    from beyou.users import proof_of_work

    proof = proof_of_work.solve(proof_of_work.new_challenge())
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    fields = {"handle": "alice", "email": "alice@example.org", "password1": PASSWORD, "proof": proof}
    answer = Client(raise_request_exception=False).post("/join", fields)
    assert answer.status_code == 503
    assert "try again in a minute" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_counters_on_one_store_share_what_they_count(settings: Any, redis: str) -> None:
    use(settings, redis)
    alice = members.alice()
    source, guard = addresses(), threading.Lock()

    def guess() -> None:
        for _ in range(15):
            with guard:
                address = next(source)
            sign_in(Client(), alice.email, "wrong password", REMOTE_ADDR=address)
        connection.close()

    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tried(alice.email) == 10


@pytest.mark.same_everywhere
def test_two_processes_share_what_they_count(redis: str, tmp_path: Path) -> None:
    import json
    from http.client import HTTPConnection
    from urllib.parse import urlencode

    from tests.browser.server import Server

    first, second = Server(tmp_path), Server(tmp_path)
    for server in (first, second):
        server.environment |= {
            "BEYOU_REDIS_URL": redis,
            "BEYOU_TRUSTED_PROXIES": "1",
            "PYTHONWARNINGS": "default",
        }
    first.migrate()
    first.run("from tests.factories import members; members.alice()")
    source = addresses()

    def guess(port: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        token = "x" * 32
        body = urlencode(
            {"login": "alice@example.org", "password": "wrong password", "csrfmiddlewaretoken": token}
        )
        headers = {
            "Cookie": f"beyou-csrf={token}",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": next(source),
        }
        connection.request("POST", "/sign-in", body, headers)
        assert connection.getresponse().status == 200
        connection.close()

    first.start()
    try:
        second.start()
        # Eight for each: who counted alone would let all of them try.
        for number in range(16):
            guess((first, second)[number % 2].port)
    finally:
        first.stop()
        second.stop()
    counted = first.run(
        "import json; from beyou.users.models import LoginActivity as L;"
        "print(json.dumps([L.objects.filter(outcome=o).count() for o in ('bad_credentials', 'limited')]))"
    )
    assert json.loads(counted.splitlines()[-1]) == [10, 6]


def test_each_policy_says_what_happens_without_a_store() -> None:
    guarded = {name for name, policy in limits.POLICIES.items() if policy.fails_closed}
    assert {name for name in limits.POLICIES if name.startswith("sign_in.")} <= guarded
    assert "messages.member" not in guarded
    for _ in range(10):
        limits.check("sign_in.everywhere", "x")
    with pytest.raises(RateLimited) as refused:
        limits.check("sign_in.everywhere", "x")
    assert "15 minutes" in refused.value.detail


def test_a_member_who_is_right_each_time_is_never_limited() -> None:
    alice = members.alice()
    source = addresses()
    for _ in range(25):
        assert sign_in(Client(), alice.email, REMOTE_ADDR=next(source)).status_code == 302
    sign_in(Client(), alice.email, "wrong password", REMOTE_ADDR=next(source))
    answers = [sign_in(Client(), alice.email, REMOTE_ADDR=next(source)).status_code for _ in range(12)]
    assert answers == [302] * 9 + [200] * 3

"""The staff pages ask for a second factor, and for a fresh one after an hour without use and after a day."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client

from beyou.core import clock, limits
from beyou.users.models import LoginActivity, StaffGrant, User
from beyou.users.rules import Level
from tests.architecture import world as worlds
from tests.architecture.routes import ROUTES, Access, patterns
from tests.factories import members, passkeys
from tests.factories.documents import request_of
from tests.factories.members import PASSWORD, client_of, staff

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

HOME = f"/{settings.STAFF_PREFIX}/"
QUEUE, STAFF, AUDIT = f"{HOME}queue", f"{HOME}staff", f"{HOME}audit"
MINUTE = 60_000
HOUR = 60 * MINUTE
STAFF_API = sorted(
    pattern for pattern in ROUTES if ROUTES[pattern].access is Access.STAFF and pattern.startswith("api/")
)
STAFF_PATTERNS = sorted(
    pattern for pattern in ROUTES if ROUTES[pattern].access is Access.STAFF and pattern not in STAFF_API
)
#: What asks for the same proof.
PROVED = STAFF_PATTERNS + [pattern for pattern in ROUTES if ROUTES[pattern].access is Access.HIDDEN]
JSON = {"Accept": "application/json"}


def _owner(handle: str = "staff") -> tuple[User, Client, str]:
    """An owner with an authenticator app, whose session has shown it just now."""
    owner = staff(handle=handle)
    secret = passkeys.app(owner)
    return owner, client_of(owner), secret


def _asks(response: HttpResponseBase) -> bool:
    return response.status_code == 302 and response["Location"].startswith("/confirm?")


def test_everything_below_the_prefix_is_declared_as_the_staffs() -> None:
    below = {pattern for pattern in patterns() if pattern.startswith(HOME[1:])}
    assert below == set(STAFF_PATTERNS)
    assert len(below) > 15


@pytest.mark.same_everywhere
def test_no_staff_address_opens_without_a_second_factor(settings: Any) -> None:
    """Whatever else the session has shown, and also where the instance asks nobody for a second factor."""
    settings.SECOND_FACTOR = "optional"
    world = worlds.build()
    for shown in ("nothing", "password", "socialaccount", "mailed_code", "the factor of somebody else"):
        client = _showing(world.staff, shown, world.alice)
        before = worlds.rows()
        for pattern in PROVED:
            for method in sorted(ROUTES[pattern].methods - {"HEAD"}):
                answer = client.generic(method, world.path(pattern), "", content_type=_kind(method))
                where = answer.headers.get("Location", "")
                assert (answer.status_code, where[:27]) == (302, "/settings/second-step?next="), pattern
        assert worlds.changed(before) == []


def _showing(person: User, shown: str, other: User) -> Client:
    client = client_of(person)
    session, at = client.session, clock.now_ms() / 1000
    session["account_authentication_methods"] = [{"method": shown, "at": at}]
    if shown == "nothing":
        session["account_authentication_methods"] = []
    elif shown.startswith("the factor"):
        session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": at}]
        session["account_authentication_methods_user"] = str(other.pk)
    session.save()
    return client


def _kind(method: str) -> str:
    return "application/x-www-form-urlencoded" if method == "POST" else "text/plain"


@pytest.mark.same_everywhere
def test_no_staff_address_opens_with_an_old_proof() -> None:
    world = worlds.build()
    passkeys.app(world.staff)
    client = client_of(world.staff)
    clock.shift(HOUR)
    before = worlds.rows()
    for pattern in PROVED:
        for method in sorted(ROUTES[pattern].methods):
            path = world.path(pattern)
            answer = client.generic(method, path, "", content_type=_kind(method))
            assert answer.status_code == (403 if method == "POST" else 302), pattern
            if method == "HEAD":
                continue
            script = client.generic(method, path, "", content_type=_kind(method), headers=JSON)
            assert (script.status_code, json.loads(script.content)["code"]) == (403, "confirmation_needed")
            part = client.generic(
                method, path, "", content_type=_kind(method), headers={"HX-Request": "true"}
            )
            assert (part.status_code, part.content) == (403, b"")
    assert worlds.changed(before) == []


@pytest.mark.parametrize("shown", ["nothing", "the password", "the factor of another", "an old factor"])
def test_the_api_of_the_staff_wants_the_same_proof(shown: str) -> None:
    world = worlds.build()
    passkeys.app(world.staff)
    if shown == "an old factor":
        client = client_of(world.staff)
        clock.shift(HOUR)
    else:
        client = _showing(world.staff, shown, world.alice)
    before = worlds.rows()
    assert len(STAFF_API) >= 8
    for pattern in STAFF_API:
        for method in sorted(ROUTES[pattern].methods - {"HEAD"}):
            body = json.dumps(ROUTES[pattern].body())
            answer = client.generic(method, world.path(pattern), body, content_type="application/json")
            assert answer.status_code == 403, f"{method} {pattern}"
    assert worlds.changed(before) == []


def test_an_hour_without_use_is_the_limit() -> None:
    _, client, _ = _owner()
    clock.shift(59 * MINUTE)
    assert client.get(STAFF).status_code == 200
    # That was a use: the hour begins anew.
    clock.shift(118 * MINUTE)
    assert client.get(STAFF).status_code == 200
    clock.shift(178 * MINUTE + 1000)
    assert client.get(STAFF)["Location"] == f"/confirm?next={STAFF.replace('/', '%2F')}"


def test_a_day_is_the_limit_for_whoever_never_rests() -> None:
    _, client, _ = _owner()
    for minute in range(0, 24 * 60, 45):
        clock.shift(minute * MINUTE)
        assert client.get(HOME).status_code == 200, minute
    clock.shift(24 * HOUR)
    assert _asks(client.get(HOME))


def test_the_limits_are_settings(settings: Any) -> None:
    settings.STAFF_IDLE_MINUTES, settings.STAFF_ABSOLUTE_HOURS = 5, 1
    _, client, _ = _owner()
    for minute in range(0, 60, 4):
        clock.shift(minute * MINUTE)
        assert client.get(HOME).status_code == 200
    clock.shift(60 * MINUTE)
    assert _asks(client.get(HOME))
    _, rested, _ = _owner("other_owner")
    clock.shift(66 * MINUTE)
    assert (
        "5 minutes without use and after 1 hour in any case"
        in rested.get(f"/confirm?next={HOME}").content.decode()
    )
    assert _asks(rested.get(HOME))


def test_use_of_other_pages_keeps_no_proof_fresh() -> None:
    _, client, _ = _owner()
    for minute in range(0, 61, 10):
        clock.shift(minute * MINUTE)
        assert client.get("/home").status_code == 200
    assert _asks(client.get(HOME))


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("get", {"HX-Request": "true"}),
        ("get", {"Sec-Fetch-Mode": "cors"}),
        ("get", {"Sec-Fetch-Mode": "no-cors"}),
        ("get", JSON | {"Sec-Fetch-Mode": "cors"}),
    ],
)
def test_what_an_open_page_asks_for_by_itself_keeps_no_proof_fresh(
    method: str, headers: dict[str, str]
) -> None:
    _, client, _ = _owner()
    for minute in range(0, 60, 10):
        clock.shift(minute * MINUTE)
        assert client.get(QUEUE, headers=headers).status_code == 200
    clock.shift(60 * MINUTE)
    assert _asks(client.get(HOME))


def test_a_claim_that_an_open_page_keeps_is_no_use() -> None:
    _, client, _ = _owner()
    request = request_of(members.bob())
    keep = {"Sec-Fetch-Mode": "cors"} | JSON
    client.post(f"{QUEUE}/{request.pk}/claim")
    for minute in range(5, 60, 5):
        clock.shift(minute * MINUTE)
        assert client.post(f"{QUEUE}/{request.pk}/renew", headers=keep).status_code == 204
    clock.shift(60 * MINUTE + 1000)
    refused = client.post(
        f"{QUEUE}/{request.pk}/renew", headers=keep | {"Referer": f"http://testserver{QUEUE}/{request.pk}"}
    )
    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(refused.content)
    assert problem["code"] == "confirmation_needed"
    assert problem["confirm_at"] == f"/confirm?next={QUEUE.replace('/', '%2F')}%2F{request.pk}"


def test_a_form_that_a_script_sends_is_a_use() -> None:
    _, client, _ = _owner()
    request = request_of(members.bob())
    clock.shift(50 * MINUTE)
    client.post(f"{QUEUE}/{request.pk}/claim", headers={"HX-Request": "true"})
    clock.shift(100 * MINUTE)
    assert client.get(HOME).status_code == 200


def test_a_part_of_a_page_is_refused_where_it_stands_and_says_where_to_confirm() -> None:
    _, client, _ = _owner()
    clock.shift(HOUR)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{QUEUE}?at=1"}
    answer = client.get(QUEUE, headers=headers)
    assert answer.status_code == 403
    assert "HX-Redirect" not in answer
    (note,) = json.loads(answer["HX-Trigger"])["by:toast"]["notes"]
    assert note["confirm"] == f"/confirm?next={QUEUE.replace('/', '%2F')}"
    assert "second step" in note["text"]


def test_a_form_that_was_sent_too_late_is_kept_and_goes_on_after_the_proof() -> None:
    _, client, secret = _owner()
    request = request_of(members.bob())
    path = f"{QUEUE}/{request.pk}/reject"
    client.post(f"{QUEUE}/{request.pk}/claim")
    clock.shift(61 * MINUTE)
    typed = {"why": "expired", "note": 'It ended in "May" <2024>.'}
    asked = client.post(path, typed)
    assert asked.status_code == 403
    page = asked.content.decode()
    assert "What you typed is kept" in page
    assert "It ended in &quot;May&quot; &lt;2024&gt;." in page
    assert 'id="id_password"' not in page
    request.refresh_from_db()
    assert request.state == "claimed"
    draft = {"next": path} | {f"draft.{name}": value for name, value in typed.items()}
    wrong = client.post("/confirm", draft | {"code": "000000"})
    assert "It ended in &quot;May&quot; &lt;2024&gt;." in wrong.content.decode()
    done = client.post("/confirm", draft | {"code": passkeys.code(secret)}).content.decode()
    assert f'action="{path}"' in done
    assert 'name="note" value="It ended in &quot;May&quot; &lt;2024&gt;."' in done
    # The claim ran out meanwhile: nothing is decided, and the words come back with the next claim.
    late = client.post(path, typed)
    assert late.status_code == 422
    assert 'name="note" value="It ended in &quot;May&quot; &lt;2024&gt;."' in late.content.decode()
    again = client.post(f"{QUEUE}/{request.pk}/claim", typed | {"draft": "reject"})
    assert again.status_code == 200
    assert "It ended in &quot;May&quot; &lt;2024&gt;.</textarea>" in again.content.decode()
    assert '<option value="expired" selected>' in again.content.decode()
    assert client.post(path, typed).status_code == 302
    request.refresh_from_db()
    assert request.state == "rejected"


def test_a_password_is_not_enough_for_the_staff_pages() -> None:
    _, client, secret = _owner()
    clock.shift(HOUR)
    assert 'name="password"' not in client.get(f"/confirm?next={HOME}").content.decode()
    refused = client.post("/confirm", {"next": HOME, "password": PASSWORD})
    assert refused.status_code == 422
    assert "your password is not enough" in refused.content.decode()
    # A proof for something else by password opens no staff page either.
    assert client.post("/confirm", {"next": "/settings", "password": PASSWORD}).status_code == 302
    assert _asks(client.get(HOME))
    assert client.post("/confirm", {"next": HOME, "code": passkeys.code(secret)})["Location"] == HOME
    assert client.get(HOME).status_code == 200
    assert LoginActivity.objects.exclude(outcome="success").count() == 0


def test_members_do_not_learn_from_the_confirmation_where_the_staff_pages_are() -> None:
    alice = members.alice()
    passkeys.app(alice)
    client = client_of(alice)
    real = client.get(f"/confirm?next={HOME}").content.decode().replace(HOME, "X")
    guess = client.get("/confirm?next=/no-such-place-at-all/").content.decode()
    guess = guess.replace("/no-such-place-at-all/", "X")
    assert _steady(real) == _steady(guess)
    assert "staff" not in real.lower()


def _steady(page: str) -> str:
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "token", page)


def test_proof_is_of_one_session_and_ends_with_it() -> None:
    owner, client, _ = _owner()
    assert client.get(HOME).status_code == 200
    other = client_of(owner, is_fresh=False)
    assert _asks(other.get(HOME))
    assert client.get(HOME).status_code == 200


def test_what_a_token_or_an_app_opened_is_never_a_staff_session() -> None:
    owner, client, _ = _owner()
    _, text = members.token(owner)
    assert client.get(HOME).status_code == 200
    beside = client.get(HOME, **members.bearer(text))
    assert beside["Location"].startswith("/sign-in?")
    asked = client.get(HOME, headers=JSON, **members.bearer(text))
    assert (asked.status_code, json.loads(asked.content)["code"]) == (401, "session_over")


def test_a_script_of_nobody_or_a_member_gets_a_problem_too() -> None:
    anonymous = Client().get(HOME, headers=JSON)
    assert (anonymous.status_code, json.loads(anonymous.content)["code"]) == (401, "session_over")
    member = client_of(members.alice()).get(HOME, headers=JSON)
    assert (member.status_code, json.loads(member.content)["code"]) == (404, "not_found")
    newcomer = client_of(staff())
    session = newcomer.session
    session["account_authentication_methods"] = [{"method": "password", "at": clock.now_ms() / 1000}]
    session.save()
    without = newcomer.get(HOME, headers=JSON)
    assert (without.status_code, json.loads(without.content)["code"]) == (403, "second_step_missing")


def test_who_lost_the_level_is_told_nothing_of_the_proof() -> None:
    owner, client, _ = _owner()
    clock.shift(HOUR)
    StaffGrant.objects.filter(member=owner).delete()
    assert client.get(STAFF).status_code == 404


def test_too_many_wrong_codes_are_limited_and_open_nothing() -> None:
    _, client, secret = _owner()
    clock.shift(HOUR)
    answers = [client.post("/confirm", {"next": HOME, "code": "123123"}).status_code for _ in range(6)]
    assert answers[-1] == 429
    assert client.post("/confirm", {"next": HOME, "code": passkeys.code(secret)}).status_code == 429
    assert _asks(client.get(HOME))
    limits.forget("confirm.member", str(User.objects.get(handle="staff").pk))


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    _, client, _ = _owner()
    assert client.get(HOME).status_code == 200
    clock.shift(-3 * HOUR)
    assert client.get(HOME).status_code == 200


def test_a_verifier_confirms_with_a_passkey() -> None:
    vera = staff(Level.VERIFIER)
    key = passkeys.passkey(vera)
    client = client_of(vera)
    clock.shift(HOUR)
    assert _asks(client.get(QUEUE))
    options = client.post("/sign-in/passkey/options").json()
    done = client.post("/confirm", {"next": QUEUE, "credential": json.dumps(key.answer(options))})
    assert done["Location"] == QUEUE
    assert client.get(QUEUE).status_code == 200

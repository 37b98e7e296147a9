"""Joining where the staff let people in: what is shut meanwhile, who decides, and what becomes of whom."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.core import clock, events
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.core.realtime.endpoint import authenticate, authenticate_token
from beyou.friends.queries import find_members
from beyou.health import checks
from beyou.health.rules import State
from beyou.instance import queries as instance
from beyou.instance import services as place
from beyou.privacy import services as privacy
from beyou.users import joining, proof_of_work, services
from beyou.users.models import JoinRequest, User
from beyou.users.provider_forms import ProviderSignUpForm
from beyou.users.rules import Level
from beyou.users.scopes import Scope
from tests.disputes.test_races import race
from tests.factories import members
from tests.factories.members import PASSWORD, client_of, staff, visitor
from tests.users.app import App

pytestmark = pytest.mark.django_db

PAGE = f"/{settings.STAFF_PREFIX}/joining"


@pytest.fixture(autouse=True)
def _as_a_new_process(_fresh_world: None) -> Iterator[None]:
    yield
    instance.forget()


def by_approval(registration: str = "approval", version: int = 0) -> None:
    place.save_settings(
        actor_id=uuid7(), seen_version=version, name="", rules="", accent="", registration=registration
    )
    instance.forget()


def newcomer(handle: str = "nina", *, words: str = "I sing.", is_confirmed: bool = True) -> User:
    made = services.create_member(
        handle=handle,
        email=f"{handle}@example.org",
        password=PASSWORD,
        is_confirmed=is_confirmed,
        awaits_approval=True,
    )
    if words:
        joining.say_why(member_id=made.pk, words=words)
    return made


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


# Joining


def test_from_the_form_to_the_first_page(mo: User) -> None:
    by_approval()
    browser: Client = visitor()
    assert "our staff decide" in browser.get("/join").content.decode()
    fields = {
        "handle": "nina",
        "name": "",
        "email": "nina@example.org",
        "password1": PASSWORD,
        "proof": proof_of_work.solve(proof_of_work.new_challenge()),
    }
    browser.post("/join", fields)
    # Before the address is confirmed nobody is asked to decide.
    assert joining.waiting() == []
    nina = User.objects.get(handle="nina")
    assert joining.let_in(actor_id=mo.pk, member_ids=[nina.pk]) == (0, 1)
    code = re.search(r"\b[A-Z0-9]{3}-?[A-Z0-9]{3}\b|\b\d{6}\b", mail.outbox[-1].body)
    assert code is not None
    browser.post("/join/code", {"code": code[0]})
    assert browser.get("/home")["Location"] == "/waiting"
    page = browser.get("/waiting").content.decode()
    assert "You wait to be let in" in page
    browser.post("/waiting", {"words": "I sing in the choir."})
    assert "I sing in the choir." in browser.get("/waiting").content.decode()
    assert b"choir" not in bytes(JoinRequest.objects.get().words)
    assert [each.words for each in joining.waiting()] == ["I sing in the choir."]
    client_of(mo).post(PAGE, {"member": [str(nina.pk)], "do": "let_in"})
    assert browser.get("/home").status_code == 200
    assert browser.get("/waiting")["Location"] == "/home"
    events.drain()
    assert "You are let in" in mail.outbox[-1].subject
    assert not JoinRequest.objects.exists()


@pytest.mark.parametrize(("registration", "waits"), [("", False), ("invite", False), ("approval", True)])
def test_every_form_that_makes_a_member_obeys_the_mode(registration: str, *, waits: bool) -> None:
    by_approval(registration)
    identity = {
        "issuer": "https://id.example.org",
        "subject": "7",
        "email": "nina@example.org",
        "name": "Nina",
        "is_email_verified": True,
    }
    form = ProviderSignUpForm(None, address="", identity=identity)
    form.cleaned_data = {"handle": "nina", "name": "Nina", "email": "nina@example.org", "invitation": ""}
    made = form.save(visitor().get("/").wsgi_request)
    assert (User.objects.get(pk=made.pk).awaits_since is not None) is waits
    assert JoinRequest.objects.exists() is waits


# What is shut


def test_nothing_else_opens_over_pages_api_tokens_and_sockets() -> None:
    nina, alice = newcomer(), members.alice()
    browser = client_of(nina)
    _, token = members.token(alice, Scope.READ_PROFILE, Scope.CHAT)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    shut = ("/home", "/chats", "/market", "/settings", "/settings/data", "/settings/second-step", "/confirm")
    for path in (*shut, "/friends", "/u/alice", "/decisions", "/activity"):
        assert browser.get(path)["Location"] == "/waiting", path
    for path in ("/api/v1/me", "/api/v1/members?q=alice", "/api/v1/session"):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "awaits_approval"), path
        assert answer.json()["at"] == "/waiting"
    assert authenticate(cookie) is None
    with pytest.raises(ApplicationError):
        members.token(nina, Scope.READ_PROFILE)
    # A token from another time opens nothing either.
    User.objects.filter(pk=alice.pk).update(awaits_since=clock.now())
    assert authenticate_token(token) is None
    assert Client().get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401


def test_nobody_sees_who_waits() -> None:
    newcomer()
    alice = members.alice()
    assert find_members(alice.pk, "nina") == []
    browser = client_of(alice)
    assert browser.get("/u/nina").status_code == 404
    assert browser.get("/api/v1/members/nina").status_code == 404
    answer = browser.post(
        "/api/v1/members/nina/friendship", {"step": "request"}, content_type="application/json"
    )
    assert answer.status_code == 404


def test_an_app_learns_how_it_stands(mo: User) -> None:
    nina, app = newcomer(), App()
    app.sign_in("nina@example.org")
    assert app.ask("GET", "/me").json()["code"] == "awaits_approval"
    said = app.ask("GET", "/auth/session").json()
    assert said["state"] == "awaits_approval"
    assert (said["waits"]["words"], said["waits"]["refused"]) == ("I sing.", False)
    joining.refuse(actor_id=mo.pk, member_ids=[nina.pk], answer="We are full.")
    said = app.ask("GET", "/auth/session").json()
    assert (said["waits"]["answer"], said["waits"]["refused"]) == ("We are full.", True)


def test_when_everybody_may_join_again_who_waits_goes_on_waiting_and_members_never_did() -> None:
    alice, nina = members.alice(), newcomer()
    by_approval()
    assert client_of(alice).get("/home").status_code == 200
    by_approval("", version=1)
    assert client_of(nina).get("/home")["Location"] == "/waiting"


# The words


@pytest.mark.parametrize("words", ["", "   ", "x" * 1001])
def test_words_that_cannot_be_are_refused(words: str) -> None:
    nina = newcomer()
    with pytest.raises(InvalidInput):
        joining.say_why(member_id=nina.pk, words=words)
    assert client_of(nina).post("/waiting", {"words": words}).status_code == 422
    assert joining.wish_of(nina.pk).words == "I sing."


def test_who_does_not_wait_has_no_such_page() -> None:
    alice = members.alice()
    for path in ("/waiting", "/waiting/give-up"):
        assert client_of(alice).post(path, {"words": "x"})["Location"] == "/home"
        assert visitor().post(path, {"words": "x"})["Location"].startswith("/sign-in")
    with pytest.raises(NotFound):
        joining.give_up(member_id=alice.pk)
    with pytest.raises(NotFound):
        joining.wish_of(alice.pk)


# Deciding


def test_the_refused_read_why_and_are_erased_after_a_week(mo: User) -> None:
    nina = newcomer()
    browser = client_of(nina)
    said = {"member": [str(nina.pk)], "do": "refuse", "answer": "We know nobody who knows you."}
    assert client_of(mo).post(PAGE, said).status_code == 302
    events.drain()
    assert "You were not let in" in mail.outbox[-1].subject
    assert "We know nobody" in mail.outbox[-1].body
    page = browser.get("/waiting").content.decode()
    assert "We know nobody who knows you." in page
    assert browser.post("/waiting", {"words": "Please!"}).status_code == 409
    assert joining.let_in(actor_id=mo.pk, member_ids=[nina.pk]) == (0, 1)
    clock.shift(int(joining.REFUSED_FOR.total_seconds() * 1000) - 2000)
    assert joining.erase_refused() == 0
    clock.shift(int(joining.REFUSED_FOR.total_seconds() * 1000) + 2000)
    assert joining.erase_refused() == 1
    assert joining.erase_refused() == 0
    assert privacy.erase_due() == 1
    nina.refresh_from_db()
    assert nina.is_erased
    assert not JoinRequest.objects.exists()


def test_who_gives_up_is_erased_and_cannot_come_back(mo: User) -> None:
    nina = newcomer()
    browser = client_of(nina)
    assert "That is all" in browser.post("/waiting/give-up").content.decode()
    assert browser.get("/home")["Location"].startswith("/sign-in")
    assert joining.waiting() == []
    again = client_of(nina)
    assert again.get("/home")["Location"] == "/leaving"
    assert again.post("/leaving").status_code == 410
    assert privacy.erase_due() == 1


def test_several_are_decided_at_once_the_longest_waiting_first(mo: User) -> None:
    people = [newcomer(f"new_{number}", words=f"Number {number}") for number in range(4)]
    newcomer("ghost", is_confirmed=False)
    client = client_of(mo)
    page = client.get(PAGE).content.decode()
    places = [page.index(f"Number {number}") for number in range(4)]
    assert places == sorted(places)
    assert "ghost" not in page
    assert "4 wait" in page
    chosen = [str(each.pk) for each in people[:2]]
    done = client.post(PAGE, {"member": [*chosen, str(uuid7())], "do": "let_in"}, follow=True)
    assert "2 let in. 1 could not be" in done.content.decode()
    assert User.objects.filter(awaits_since=None, handle__startswith="new_").count() == 2
    acts = AuditRecord.objects.filter(act="joining.let_in").values_list("actor_id", "subject_id")
    assert set(acts) == {(mo.pk, each.pk) for each in people[:2]}
    for wrong in ({}, {"member": "x"}, {"member": chosen * 26}, {"member": chosen, "do": "x"}):
        assert client.post(PAGE, {"do": "refuse"} | wrong).status_code == 422, wrong
    assert client.post(PAGE, {"member": chosen, "do": "refuse", "answer": "x" * 1001}).status_code == 422
    assert JoinRequest.objects.filter(refused_at=None).count() == 3


def test_only_moderators_decide() -> None:
    nina = newcomer()
    denied = [members.alice(), nina, *(staff(each, handle=f"s_{each}") for each in (
        Level.VERIFIER, Level.FINANCE, Level.AUDITOR,
    ))]  # fmt: skip
    for who in denied:
        for decide in (joining.let_in, joining.refuse):
            with pytest.raises(NotFound):
                decide(actor_id=who.pk, member_ids=[nina.pk])
        answer = client_of(who).post(PAGE, {"member": [str(nina.pk)], "do": "let_in"})
        assert answer.status_code == 404 or answer["Location"] == "/waiting"
    assert JoinRequest.objects.get().refused_at is None


def test_the_list_costs_the_same_for_2_and_20(mo: User) -> None:
    client = client_of(mo)

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(PAGE).status_code == 200
        return len(caught)

    for number in range(2):
        newcomer(f"few_{number}")
    cost()
    few = cost()
    for number in range(18):
        newcomer(f"many_{number}")
    assert cost() == few


def test_hostile_words_are_text(mo: User) -> None:
    newcomer(words="<script>alert(1)</script>")
    page = client_of(mo).get(PAGE).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_whoever_waits_too_long_turns_the_queues() -> None:
    newcomer()
    (found,) = checks.look(["queues"])
    assert found.state is State.OK
    assert "somebody who wants to join" in found.detail
    JoinRequest.objects.update(asked_at=clock.from_ms(clock.now_ms() - 40 * 24 * 3600 * 1000))
    (found,) = checks.look(["queues"])
    assert found.state is not State.OK


@pytest.mark.django_db(transaction=True)
def test_of_letting_in_refusing_and_giving_up_at_once_one_counts() -> None:
    mo, vi = staff(Level.MODERATOR, handle="mo"), staff(Level.MODERATOR, handle="vi")
    for number in range(3):
        nina = newcomer(f"nina_{number}")
        got: list[Any] = race(
            lambda key=nina.pk: joining.let_in(actor_id=mo.pk, member_ids=[key]),
            lambda key=nina.pk: joining.refuse(actor_id=vi.pk, member_ids=[key]),
        )
        assert sorted(got) == [(0, 1), (1, 0)]
        is_in = User.objects.get(pk=nina.pk).awaits_since is None
        assert JoinRequest.objects.filter(member=nina).exists() is not is_in
        assert isinstance(nina.pk, UUID)

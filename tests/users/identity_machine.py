"""A model of who may be signed in where, beside the real thing: pages, apps and tokens, in any order.

The model keeps what each browser, app and token has shown. The invariant: whoever reads what is for members
or for staff has shown what the account asked for, and what was ended stays ended.
"""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from beyou.core import clock, limits
from beyou.users import access_tokens, codes, factors, proof_of_work, resets, services
from beyou.users.models import RecoveryCode, User
from beyou.users.scopes import Scope
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD, bearer
from tests.users.app import App

_PASSWORDS = (PASSWORD, "nine otters under the bridge", "four kites above the mill")
_HANDLES = ("alice", "bob", "staff")
_PLACES = ("browser 1", "browser 2", "app 1", "app 2")
_KINDS = ("right", "wrong", "used", "foreign", "recovery", "none")


@dataclass
class Account:
    """What the account asks for now."""

    member: User
    password: int = 0
    secret: str = ""
    codes: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    is_open: bool = True
    #: token text → whether it opens something; unknown (None) after the account was closed and opened
    tokens: dict[str, bool] = field(default_factory=dict)


@dataclass
class Place:
    """What a browser or an app has shown."""

    client: Client | App
    handle: str = ""
    has_shown_factor: bool = False
    #: who has shown the right password and owes the second step
    owes: str = ""
    owed_password: int = 0


class Identity(RuleBasedStateMachine):
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        cache.clear()
        limits.reset()
        clock.shift(0)
        mail.outbox.clear()
        self.now = self.step = 0
        self.accounts: dict[str, Account] = {}
        self.places: dict[str, Place] = {}
        #: session keys and tokens that must open nothing any more
        self.dead: list[tuple[str, str]] = []
        self.touched = _PLACES[0]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)
        clock.shift(0)

    @initialize()
    def begin(self) -> None:
        for handle in _HANDLES:
            person = members.staff() if handle == "staff" else members.member(handle)
            self.accounts[handle] = Account(person)
        # So that second steps are asked for from the beginning.
        self.add_factor("alice")
        self.add_factor("staff")
        for name in _PLACES:
            self.places[name] = Place(App() if name.startswith("app") else Client())

    # What people do

    @rule(place=st.sampled_from(_PLACES), handle=st.sampled_from(_HANDLES), is_right=st.integers(0, 4))
    def sign_in(self, place: str, handle: str, is_right: int) -> None:
        here, account = self._at(place), self.accounts[handle]
        if here.handle:
            return
        if here.owes and isinstance(here.client, Client):
            if here.client.get("/sign-in").status_code == 302:
                # A page whose step is owed asks for that step before anything else.
                return
            here.owes = ""
        before = self._key(here)
        password = _PASSWORDS[account.password if is_right else (account.password + 1) % 3]
        if isinstance(here.client, App):
            here.client.sign_in(account.member.email, password)
        else:
            here.client.post("/sign-in", {"login": account.member.email, "password": password})
        if not is_right or not account.is_open:
            # A pending sign-in of before may stay or go; neither is worth anything without its step.
            return
        self._bury(here, before)
        if account.secret:
            here.owes, here.owed_password = handle, account.password
        else:
            here.handle, here.has_shown_factor, here.owes = handle, False, ""

    @rule(place=st.sampled_from(_PLACES), kind=st.sampled_from(_KINDS))
    def show_second_step(self, place: str, kind: str) -> None:
        here = self._at(place)
        account = self.accounts.get(here.owes)
        code, is_good = self._code(account, kind) if account else ("000000", False)
        before = self._key(here)
        if isinstance(here.client, App):
            here.client.ask("POST", "/auth/second-step", {"code": code})
        else:
            here.client.post("/sign-in/second-step", {"code": code})
        if account is None or here.handle:
            return
        may = is_good and account.is_open and account.secret and account.password == here.owed_password
        if may:
            self._spend(account, code)
            self._bury(here, before)
            here.handle, here.has_shown_factor, here.owes = here.owes, True, ""

    @rule(
        place=st.sampled_from(_PLACES),
        change=st.sampled_from(("reset", "close", "end")),
        new=st.integers(0, 2),
    )
    def change_while_a_step_is_owed(self, place: str, change: str, new: int) -> None:
        """A right password is worth nothing once another took its place. Chance alone seldom gets here."""
        handle = self.places[place].owes
        if not handle:
            return
        if change == "reset":
            self.reset_password(handle, "right", new)
        elif change == "close" and self.accounts[handle].is_open:
            self.close_or_open(handle)
        else:
            self.end_sessions(handle)
        self.show_second_step(place, "right")

    @rule(place=st.sampled_from(_PLACES))
    def sign_out(self, place: str) -> None:
        here = self._at(place)
        key = self._key(here)
        if isinstance(here.client, App):
            here.client.ask("DELETE", "/auth/session")
            here.client.token = ""
        else:
            here.client.post("/sign-out")
        self._bury(here, key)
        here.handle, here.has_shown_factor, here.owes = "", False, ""

    @rule(place=st.sampled_from(_PLACES[:2]))
    def join(self, place: str) -> None:
        """Nothing is open before the mailed code."""
        here = self._at(place)
        if here.handle or here.owes:
            return
        handle = f"new_{len(self.accounts)}"
        assert isinstance(here.client, Client)
        fields = {
            "handle": handle,
            "name": "",
            "email": f"{handle}@example.org",
            "password1": PASSWORD,
            "proof": proof_of_work.solve(proof_of_work.new_challenge()),
        }
        assert here.client.post("/join", fields)["Location"] == "/join/code"
        assert not self._reads(here)
        here.client.post("/join/code", {"action": "verify", "code": "000000"})
        assert not self._reads(here)
        found = re.search(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
        assert found
        before = self._key(here)
        here.client.post("/join/code", {"action": "verify", "code": found[1]})
        self.accounts[handle] = Account(User.objects.get(handle=handle))
        self._bury(here, before)
        here.handle, here.has_shown_factor = handle, False

    @rule(handle=st.sampled_from(_HANDLES))
    def add_factor(self, handle: str) -> None:
        account = self.accounts[handle]
        if not account.secret:
            self._later()
            account.secret = codes.new_secret()
            typed = passkeys.code(account.secret, -1)
            account.codes = factors.add_app(member_id=account.member.pk, secret=account.secret, typed=typed)

    @rule(handle=st.sampled_from(_HANDLES[:2]))
    def remove_factor(self, handle: str) -> None:
        account = self.accounts[handle]
        if account.secret:
            factors.remove_app(member_id=account.member.pk)
            assert not RecoveryCode.objects.filter(member=account.member).exists()
            account.secret, account.codes = "", []

    @rule(handle=st.sampled_from(_HANDLES), kind=st.sampled_from(_KINDS), new=st.integers(0, 2))
    def reset_password(self, handle: str, kind: str, new: int) -> None:
        """By a mailed link, which alone is not enough for an account with a factor."""
        account, client = self.accounts[handle], Client()
        if not account.is_open:
            return
        link = resets.new_link(User.objects.get(pk=account.member.pk))
        code, is_good = self._code(account, kind)
        client.get(f"/recover/link/{link}")
        answer = client.post("/recover/password", {"password": _PASSWORDS[new], "code": code})
        changed = answer.status_code == 302 and answer["Location"] == "/sign-in"
        assert changed == (is_good or not account.secret), (kind, answer.status_code)
        assert client.get("/api/v1/me").status_code == 401
        if changed:
            if account.secret:
                self._spend(account, code)
            account.password = new
            account.tokens = dict.fromkeys(account.tokens, False)
            self._end_places(handle)
        again = client.get(f"/recover/link/{link}")
        assert not changed or again.status_code == 410

    @rule(handle=st.sampled_from(_HANDLES))
    def make_token(self, handle: str) -> None:
        account = self.accounts[handle]
        if account.is_open and len(account.tokens) < 4:
            _, text = members.token(account.member, Scope.READ_PROFILE)
            account.tokens[text] = True

    @rule(handle=st.sampled_from(_HANDLES), which=st.integers(0, 3))
    def revoke_token(self, handle: str, which: int) -> None:
        account = self.accounts[handle]
        usable = [text for text, works in account.tokens.items() if works]
        if which < len(usable):
            row = next(
                token
                for token in access_tokens.queries.usable_tokens(account.member.pk)
                if token.prefix == usable[which].split("_")[1]
            )
            access_tokens.revoke_token(member_id=account.member.pk, token_id=row.pk)
            account.tokens[usable[which]] = False

    @rule(handle=st.sampled_from(_HANDLES))
    def end_sessions(self, handle: str) -> None:
        services.end_sessions(member_id=self.accounts[handle].member.pk)
        self._end_places(handle)

    @rule(handle=st.sampled_from(_HANDLES))
    def close_or_open(self, handle: str) -> None:
        account = self.accounts[handle]
        if account.is_open:
            services.close_account_access(member_id=account.member.pk)
            self._end_places(handle)
        else:
            services.open_account_access(member_id=account.member.pk)
        account.is_open = not account.is_open

    @rule(place=st.sampled_from(_PLACES))
    def swap_credentials(self, place: str) -> None:
        """A browser's session as an app's, an app's as a browser's, either as a token."""
        here = self._at(place)
        key = self._key(here)
        if isinstance(here.client, App):
            self._is_dead("cookie", key)
        else:
            self._is_dead("header", key)
        self._is_dead("bearer", key)

    # What must hold after each of it

    @invariant()
    def nobody_has_more_than_was_shown(self) -> None:
        type(self).steps += 1
        self.step += 1
        limits.reset()
        if not self.places:
            return
        here = self.places[self.touched]
        assert self._reads(here) == bool(here.handle), (self.touched, here)
        other = self.places[_PLACES[self.step % len(_PLACES)]]
        assert self._reads(other) == bool(other.handle), other
        if self.step % 4 == 0:
            self._check_pages(here)
        self._check_tokens()
        for kind, key in self.dead[-1:] + self.dead[self.step % 5 :: 5][:2]:
            self._is_dead(kind, key)

    def _check_pages(self, here: Place) -> None:
        if not isinstance(here.client, Client):
            return
        assert (here.client.get("/settings").status_code == 200) == bool(here.handle)
        staff_page = here.client.get(reverse("console:start")).status_code == 200
        assert staff_page == (here.handle == "staff" and here.has_shown_factor), here

    def _check_tokens(self) -> None:
        account = self.accounts[_HANDLES[self.step % len(_HANDLES)]]
        for text, works in account.tokens.items():
            status = Client().get("/api/v1/me", **bearer(text)).status_code
            assert (status == 200) == (works and account.is_open), (text[:14], status)
            assert Client().get("/api/v1/tokens", **bearer(text)).status_code in (401, 403)

    # Helpers

    def _at(self, place: str) -> Place:
        self.touched = place
        return self.places[place]

    @staticmethod
    def _reads(here: Place) -> bool:
        if isinstance(here.client, App):
            return here.client.is_in()
        return here.client.get("/api/v1/me").status_code == 200

    @staticmethod
    def _key(here: Place) -> str:
        if isinstance(here.client, App):
            return here.client.token
        cookie = here.client.cookies.get("beyou-session")
        return cookie.value if cookie else ""

    def _bury(self, here: Place, key: str) -> None:
        """The session key of before a step, which must be worth nothing after it."""
        if key and key != self._key(here):
            self.dead.append(("header" if isinstance(here.client, App) else "cookie", key))

    def _end_places(self, handle: str) -> None:
        for place in self.places.values():
            if place.handle == handle:
                place.handle, place.has_shown_factor = "", False

    @staticmethod
    def _is_dead(kind: str, key: str) -> None:
        client, extra = Client(), dict[str, Any]()
        if kind == "cookie":
            client.cookies["beyou-session"] = key
        else:
            extra = {"HTTP_X_SESSION_TOKEN": key} if kind == "header" else bearer(key)
        assert client.get("/api/v1/me", **extra).status_code == 401, kind

    def _later(self) -> None:
        """Half a minute passes, so that the app shows a code that nobody has used."""
        self.now += 90_000
        clock.shift(self.now)

    def _code(self, account: Account, kind: str) -> tuple[str, bool]:
        """A code to send, and whether it is good for the account."""
        self._later()
        if kind == "right" and account.secret:
            return passkeys.code(account.secret), True
        if kind == "recovery" and account.codes:
            return account.codes[-1], True
        if kind == "used" and account.used:
            return account.used[-1], False
        if kind == "foreign":
            others = [other for other in self.accounts.values() if other is not account and other.secret]
            if others:
                return passkeys.code(others[0].secret), False
        return ("", False) if kind == "none" else ("00000o", False)

    @staticmethod
    def _spend(account: Account, code: str) -> None:
        account.used.append(code)
        if code in account.codes:
            account.codes.remove(code)

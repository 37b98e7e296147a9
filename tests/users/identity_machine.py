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
from beyou.core.realtime import endpoint
from beyou.users import access_tokens, codes, factors, proof_of_work, resets, services
from beyou.users.errors import FactorNeeded
from beyou.users.models import RecoveryCode, User
from beyou.users.scopes import Scope
from tests.factories import members, passkeys
from tests.factories.members import PASSWORD, bearer
from tests.factories.passkeys import SoftKey
from tests.users.app import App

PASSWORDS = (PASSWORD, "nine otters under the bridge", "four kites above the mill")
HANDLES = ("alice", "bob", "staff")
PLACES = ("browser 1", "browser 2", "app 1", "app 2")
_KINDS = ("right", "wrong", "used", "foreign", "recovery", "none")


@dataclass
class Account:
    """What the account asks for now."""

    member: User
    password: int = 0
    #: how often the password was changed: the same one again is another
    version: int = 0
    secret: str = ""
    #: id of a passkey → the device that holds it
    keys: dict[Any, SoftKey] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    is_open: bool = True
    #: token text → whether it opens something; unknown (None) after the account was closed and opened
    tokens: dict[str, bool] = field(default_factory=dict)

    @property
    def has_factor(self) -> bool:
        return bool(self.secret or self.keys)


@dataclass
class Place:
    """What a browser or an app has shown."""

    client: Client | App
    handle: str = ""
    has_shown_factor: bool = False
    #: when, by the model's clock
    shown_at: int = 0
    #: who has shown the right password and owes the second step
    owes: str = ""
    owed_version: int = 0


class Identity(RuleBasedStateMachine):
    steps: ClassVar[int] = 0
    visitor: ClassVar[Client] = Client()

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
        self.touched = PLACES[0]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)
        clock.shift(0)

    @initialize()
    def begin(self) -> None:
        for handle in HANDLES:
            person = members.staff() if handle == "staff" else members.member(handle)
            self.accounts[handle] = Account(person)
        # So that second steps are asked for from the beginning.
        self.add_factor("alice")
        self.add_factor("staff")
        for name in PLACES:
            self.places[name] = Place(App() if name.startswith("app") else Client())

    # What people do

    @rule(place=st.sampled_from(PLACES), handle=st.sampled_from(HANDLES), is_right=st.integers(0, 4))
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
        password = PASSWORDS[account.password if is_right else (account.password + 1) % 3]
        if isinstance(here.client, App):
            here.client.sign_in(account.member.email, password)
        else:
            here.client.post("/sign-in", {"login": account.member.email, "password": password})
        if not is_right or not account.is_open:
            # A pending sign-in of before may stay or go; neither is worth anything without its step.
            return
        self._passed_first_step(here, handle, before)

    @rule(place=st.sampled_from(PLACES), kind=st.sampled_from(_KINDS))
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
        if not self._is_pending(here):
            # What was not answered while it could be is over.
            here.owes = ""
        elif is_good:
            self._spend(account, code)
            self._passed_second_step(here, before)

    @rule(
        place=st.sampled_from(PLACES),
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

    @rule(place=st.sampled_from(PLACES))
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

    @rule(place=st.sampled_from(PLACES[:2]))
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
        assert not self._who_reads(here)
        here.client.post("/join/code", {"action": "verify", "code": "000000"})
        assert not self._who_reads(here)
        found = re.search(r"^ +(\d{6})$", str(mail.outbox[-1].body), re.MULTILINE)
        assert found
        before = self._key(here)
        here.client.post("/join/code", {"action": "verify", "code": found[1]})
        self.accounts[handle] = Account(User.objects.get(handle=handle))
        self._bury(here, before)
        here.handle, here.has_shown_factor = handle, False

    @rule(handle=st.sampled_from(HANDLES))
    def add_factor(self, handle: str) -> None:
        account = self.accounts[handle]
        if not account.secret:
            self._later()
            account.secret = codes.new_secret()
            typed = passkeys.code(account.secret, -1)
            made = factors.add_app(member_id=account.member.pk, secret=account.secret, typed=typed)
            account.codes = made or account.codes

    @rule(handle=st.sampled_from(HANDLES))
    def remove_factor(self, handle: str) -> None:
        account = self.accounts[handle]
        if not account.secret:
            return
        try:
            factors.remove_app(member_id=account.member.pk)
        except FactorNeeded:
            assert handle == "staff"
            assert not account.keys
            return
        assert handle != "staff" or account.keys, "the last factor of the staff stays"
        account.secret = ""
        self._forget_codes(account)

    @rule(
        handle=st.sampled_from(HANDLES),
        kind=st.sampled_from(_KINDS),
        new=st.integers(0, 2),
        by_app=st.booleans(),
    )
    def reset_password(self, handle: str, kind: str, new: int, by_app: bool = False) -> None:  # noqa: FBT001  (drawn)
        """By a mailed link, which alone is not enough for an account with a factor."""
        account = self.accounts[handle]
        if not account.is_open:
            return
        link = resets.new_link(User.objects.get(pk=account.member.pk))
        code, is_good = self._code(account, kind)
        reset = self._reset_by_app if by_app else self._reset_by_page
        changed = reset(link, PASSWORDS[new], code)
        assert changed == (is_good or not account.has_factor), (kind, by_app)
        if changed:
            if account.has_factor:
                self._spend(account, code)
            self._has_new_password(handle, new)
        assert not changed or Client().get(f"/recover/link/{link}").status_code == 410

    @staticmethod
    def _reset_by_page(link: str, password: str, code: str) -> bool:
        client = Client()
        client.get(f"/recover/link/{link}")
        answer = client.post("/recover/password", {"password": password, "code": code})
        assert client.get("/api/v1/me").status_code == 401
        return answer.status_code == 302 and answer["Location"] == "/sign-in"

    @staticmethod
    def _reset_by_app(link: str, password: str, code: str) -> bool:
        app = App()
        app.ask("POST", "/auth/reset/link", {"token": link})
        step = {"code": code} if code else {}
        answer = app.ask("POST", "/auth/reset/password", {"password": password} | step)
        assert not app.is_in()
        return bool(answer.status_code == 204)

    @rule(handle=st.sampled_from(HANDLES))
    def make_token(self, handle: str) -> None:
        account = self.accounts[handle]
        if account.is_open and len(account.tokens) < 4:
            _, text = members.token(account.member, Scope.READ_PROFILE)
            account.tokens[text] = True

    @rule(handle=st.sampled_from(HANDLES), which=st.integers(0, 3))
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

    @rule(handle=st.sampled_from(HANDLES))
    def end_sessions(self, handle: str) -> None:
        services.end_sessions(member_id=self.accounts[handle].member.pk)
        self._end_places(handle)

    @rule(handle=st.sampled_from(HANDLES))
    def close_or_open(self, handle: str) -> None:
        account = self.accounts[handle]
        if account.is_open:
            services.close_account_access(member_id=account.member.pk)
            self._end_places(handle)
            # For good: opening the account wakes none of them.
            account.tokens = dict.fromkeys(account.tokens, False)
        else:
            services.open_account_access(member_id=account.member.pk)
        account.is_open = not account.is_open

    @rule(place=st.sampled_from(PLACES))
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
        assert self._who_reads(here) == here.handle, (self.touched, here)
        other = self.places[PLACES[self.step % len(PLACES)]]
        assert self._who_reads(other) == other.handle, other
        assert self._who_has_a_socket(here) == here.handle, (self.touched, here)
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
        account = self.accounts[HANDLES[self.step % len(HANDLES)]]
        for text, works in account.tokens.items():
            status = self._stranger().get("/api/v1/me", **bearer(text)).status_code
            assert (status == 200) == (works and account.is_open), (text[:14], status)
            assert (endpoint.authenticate_token(text) is not None) == (works and account.is_open), text[:14]
        for text in list(account.tokens)[:1]:
            assert self._stranger().get("/api/v1/tokens", **bearer(text)).status_code in (401, 403)

    # Helpers

    def _at(self, place: str) -> Place:
        self.touched = place
        return self.places[place]

    @staticmethod
    def _who_reads(here: Place) -> str:
        """Whose page, or JSON, the place gets; empty for a visitor's."""
        ask = here.client.ask("GET", "/me") if isinstance(here.client, App) else here.client.get("/api/v1/me")
        return str(ask.json()["handle"]) if ask.status_code == 200 else ""

    def _who_has_a_socket(self, here: Place) -> str:
        """As whom the place would be let in by `/ws/`."""
        key = self._key(here)
        if isinstance(here.client, App):
            found = endpoint.authenticate_session(key, of_app=True)
        else:
            found = endpoint.authenticate(f"beyou-session={key}")
        if found is None:
            return ""
        return next(name for name, one in self.accounts.items() if one.member.pk == found.member_id)

    def _is_pending(self, here: Place) -> bool:
        """Whether the account is as it was when the place passed the first step."""
        account = self.accounts.get(here.owes)
        return (
            account is not None
            and account.is_open
            and account.has_factor
            and account.version == here.owed_version
        )

    def _passed_first_step(self, here: Place, handle: str, before: str) -> None:
        account = self.accounts[handle]
        self._bury(here, before)
        if account.has_factor:
            here.owes, here.owed_version = handle, account.version
        else:
            here.handle, here.has_shown_factor, here.owes = handle, False, ""

    def _passed_second_step(self, here: Place, before: str) -> None:
        self._bury(here, before)
        here.handle, here.has_shown_factor, here.owes = here.owes, True, ""
        here.shown_at = self.now

    def _has_new_password(self, handle: str, new: int) -> None:
        account = self.accounts[handle]
        account.password, account.version = new, account.version + 1
        account.tokens = dict.fromkeys(account.tokens, False)
        self._end_places(handle)

    @staticmethod
    def _forget_codes(account: Account) -> None:
        """With the last factor the recovery codes go."""
        if not account.has_factor:
            assert not RecoveryCode.objects.filter(member=account.member).exists()
            account.codes = []

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

    @classmethod
    def _stranger(cls) -> Client:
        """A browser without a cookie. Making one anew costs more than what it asks."""
        cls.visitor.cookies.clear()
        return cls.visitor

    @classmethod
    def _is_dead(cls, kind: str, key: str) -> None:
        client, extra = cls._stranger(), dict[str, Any]()
        if kind == "cookie":
            client.cookies["beyou-session"] = key
        else:
            extra = {"HTTP_X_SESSION_TOKEN": key} if kind == "header" else bearer(key)
        assert client.get("/api/v1/me", **extra).status_code == 401, kind
        if kind == "bearer":
            # The key may well be alive where it belongs; as a token it never was.
            return
        found = (
            endpoint.authenticate(f"beyou-session={key}")
            if kind == "cookie"
            else endpoint.authenticate_session(key, of_app=True)
        )
        assert found is None, kind

    def _later(self) -> None:
        """Half a minute passes, so that the app shows a code that nobody has used. It is not about to change:
        the true clock must not walk past it while it is sent.
        """
        self.now += 90_000
        clock.shift(self.now)
        shown_for = clock.now_ms() % 30_000
        if shown_for > 20_000:
            self.now += 30_000 - shown_for
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

"""The model of identity with passkeys, an identity provider, and getting in after every factor is lost."""

import html
import json
import re
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from django.test import Client, override_settings
from django.urls import reverse
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from beyou.core import clock
from beyou.core.errors import ApplicationError
from beyou.users import account_recovery, identities, passkeys, resets
from beyou.users.errors import AlreadyApproved, FactorNeeded, NotAbove, RecoveryOver
from beyou.users.models import AccountRecovery, RecoveryCode, User
from beyou.users.rules import Level, RecoveryState
from tests.factories import members
from tests.factories.passkeys import SoftKey
from tests.users import oidc_provider
from tests.users.identity_machine import HANDLES, PASSWORDS, PLACES, Account, Identity, Place
from tests.users.oidc_provider import Provider

_BROWSERS = PLACES[:2]
_NEW_KEY = "/settings/second-step/passkeys/new"
_DAY = 24 * 3_600_000
_VERIFIERS = ("vera", "victor")
_WHO = (*_VERIFIERS, *HANDLES)
_APPROVERS = (
    *((), ("vera",), ("vera", "vera"), ("staff",), ("alice", "vera"), ("bob", "victor")),
    *(("vera", "victor"), ("victor", "staff"), ("vera", "staff", "victor")),
)
_KEYS = st.sampled_from(("right", "right", "unverified", "removed", "foreign", "stolen handle", "answered"))
_HOW_OFTEN = st.integers(0, 2)


@dataclass
class Recovery:
    """A request to get in without a second step."""

    id: UUID
    asked_at: int
    approvals: set[str] = field(default_factory=set)
    state: str = "waiting"


class WholeIdentity(Identity):
    provider: ClassVar[Provider]

    def __init__(self) -> None:
        super().__init__()
        self.removed: list[SoftKey] = []
        #: answers of passkeys that were good once
        self.answered: list[dict[str, Any]] = []
        self.linked: dict[str, Any] = {}
        self.recoveries: dict[str, Recovery] = {}
        self.staff: dict[str, User] = {}
        self.days = 0
        self.said: list[str] = []

    @initialize()
    def know_the_staff(self) -> None:
        for handle in _VERIFIERS:
            self.staff[handle] = members.staff(Level.VERIFIER, handle=handle)

    # Passkeys

    @rule(place=st.sampled_from(_BROWSERS), is_verified=st.booleans())
    def add_passkey(self, place: str, *, is_verified: bool) -> None:
        here = self._at(place)
        account = self.accounts.get(here.handle)
        if account is None or len(account.keys) > 2:
            return
        page = self._confirmed(here, account, _NEW_KEY)
        found = re.search(r'data-options="([^"]*)"', page.content.decode())
        assert found, page.status_code
        key = SoftKey(is_verified=is_verified)
        answer = json.dumps(key.make(json.loads(html.unescape(found[1]))))
        had_codes = RecoveryCode.objects.filter(member=account.member).exists()
        page = here.client.post(_NEW_KEY, {"name": "Key", "credential": answer})  # type: ignore[union-attr]
        made = re.findall(r"<li>([0-9a-z]{5}-[0-9a-z]{5})</li>", page.content.decode())
        assert bool(made) != had_codes, made
        account.codes = made or account.codes
        account.keys[passkeys.passkeys_of(account.member.pk)[-1].id] = key
        # Whoever has just made a passkey has shown it.
        here.has_shown_factor, here.shown_at = True, self.now

    @rule(handle=st.sampled_from(HANDLES), which=_HOW_OFTEN)
    def remove_passkey(self, handle: str, which: int) -> None:
        account = self.accounts[handle]
        ids = list(account.keys)
        if which >= len(ids):
            return
        is_last = len(ids) == 1 and not account.secret
        try:
            passkeys.remove(member_id=account.member.pk, passkey_id=ids[which])
        except FactorNeeded:
            assert handle == "staff"
            assert is_last
            return
        assert handle != "staff" or not is_last, "the last factor of the staff stays"
        self.removed.append(account.keys.pop(ids[which]))
        self._forget_codes(account)

    @rule(place=st.sampled_from(_BROWSERS), handle=st.sampled_from(HANDLES), kind=_KEYS)
    def sign_in_with_passkey(self, place: str, handle: str, kind: str) -> None:
        """Alone it is password and second step, if it checked who holds it."""
        here, account = self._at(place), self.accounts[handle]
        if here.handle:
            return
        assert isinstance(here.client, Client)
        # As the sign-in page does, also while another account owes its second step in this browser.
        options = here.client.post("/sign-in/passkey/options", {"alone": "1"}).json()
        key, is_good = self._key_of(account, kind)
        before = self._key(here)
        status = self._send_passkey(here, "/sign-in/passkey", options, key, kind)
        if is_good and key is not None and key.is_verified and account.is_open:
            assert status == 302, self.said
            here.owes = handle
            self._passed_second_step(here, before)
        else:
            assert status in (302, 403, 422)

    @rule(place=st.sampled_from(_BROWSERS), kind=_KEYS)
    def show_passkey_as_second_step(self, place: str, kind: str) -> None:
        here = self._at(place)
        account = self.accounts.get(here.owes)
        if account is None or here.handle:
            return
        assert isinstance(here.client, Client)
        options = here.client.post("/sign-in/passkey/options").json()
        key, is_good = self._key_of(account, kind)
        before = self._key(here)
        self._send_passkey(here, "/sign-in/second-step", options, key, kind)
        if not self._is_pending(here):
            here.owes = ""
        elif is_good:
            self._passed_second_step(here, before)

    @rule(
        place=st.sampled_from(_BROWSERS),
        handle=st.sampled_from(HANDLES),
        kind=_KEYS,
        is_alone=st.booleans(),
        is_verified=st.booleans(),
    )
    def come_with_a_new_passkey(
        self, place: str, handle: str, kind: str, *, is_alone: bool, is_verified: bool
    ) -> None:
        """Chance alone seldom has a key, an account that is open and a browser that is free at once."""
        account = self.accounts[handle]
        if not account.keys:
            key = SoftKey(is_verified=is_verified)
            session: dict[str, Any] = {}
            asked = passkeys.begin_registration(session=session, origin=key.origin, member=account.member)
            made = passkeys.register(
                session=session, origin=key.origin, member=account.member, answer=key.make(asked), name="Key"
            )
            account.codes = made or account.codes
            account.keys[passkeys.passkeys_of(account.member.pk)[-1].id] = key
        if is_alone:
            self.sign_in_with_passkey(place, handle, kind)
        else:
            self.sign_in(place, handle, 1)
            self.show_passkey_as_second_step(place, kind)

    # An identity provider

    @rule(handle=st.sampled_from(HANDLES))
    def connect_or_disconnect(self, handle: str) -> None:
        member = self.accounts[handle].member
        if handle in self.linked:
            identities.unlink(member_id=member.pk, identity_id=self.linked.pop(handle))
        else:
            self.linked[handle] = members.identity(member, self.provider.issuer).pk

    @rule(
        place=st.sampled_from(_BROWSERS),
        handle=st.sampled_from(HANDLES),
        kind=st.sampled_from(("right", "right", "equal address", "foreign state", "twice")),
    )
    def sign_in_with_a_provider(self, place: str, handle: str, kind: str) -> None:
        """It stands for the password, never for the second step; an equal address is no identity."""
        here, account = self._at(place), self.accounts[handle]
        if here.handle:
            return
        assert isinstance(here.client, Client)
        self.provider.person = {
            "sub": "another" if kind == "equal address" else handle,
            "email": account.member.email,
            "email_verified": True,
        }
        begun = Client() if kind == "foreign state" else here.client
        page = begun.post("/sign-in/with/example").content.decode()
        found = re.search(r'href="(http://127[^"]*)"', page)
        assert found
        asked = dict(parse_qsl(urlsplit(html.unescape(found[1])).query))
        back = urlsplit(self.provider.authorize(asked))
        before = self._key(here)
        answer = here.client.get(f"{back.path}?{back.query}")
        is_known = handle in self.linked and kind in ("right", "twice")
        assert answer.status_code in (302, 403)
        if is_known and account.is_open:
            self._passed_first_step(here, handle, before)
        if kind == "twice":
            stranger = Client()
            stranger.get(f"{back.path}?{back.query}")
            assert stranger.get("/api/v1/me").status_code == 401
            key = self._key(here)
            here.client.get(f"{back.path}?{back.query}")
            assert self._key(here) == key

    # Every factor is lost

    @rule(handle=st.sampled_from(HANDLES))
    def ask_for_recovery(self, handle: str) -> None:
        account, client = self.accounts[handle], Client()
        if not account.is_open:
            return
        link = resets.new_link(User.objects.get(pk=account.member.pk))
        client.get(f"/recover/link/{link}")
        answer = client.post("/recover/account", {"reason": "My phone fell into the lake."})
        may = account.has_factor and handle not in self.recoveries
        asked = answer.status_code == 302 and answer["Location"] == "/recover/account/asked"
        assert asked == may, (answer.status_code, self.recoveries)
        if asked:
            row = AccountRecovery.objects.get(open_of_id=account.member.pk)
            self.recoveries[handle] = Recovery(row.pk, self.now)

    @rule(handle=st.sampled_from(HANDLES), who=st.sampled_from(_WHO))
    def approve_recovery(self, handle: str, who: str) -> None:
        asked = self.recoveries.get(handle)
        if asked is None:
            return
        staff = self.staff.get(who) or self.accounts[who].member
        may = handle != "staff" and who in ("staff", *_VERIFIERS)
        error: type[ApplicationError] | None = None
        try:
            account_recovery.approve_recovery(recovery_id=asked.id, staff_id=staff.pk)
        except (NotAbove, AlreadyApproved, RecoveryOver) as raised:
            error = type(raised)
        if not may:
            assert error is NotAbove, (handle, who, error)
        elif asked.state != "waiting":
            assert error is RecoveryOver
        elif who in asked.approvals:
            assert error is AlreadyApproved
        else:
            assert error is None
            asked.approvals.add(who)
            self._release(asked)

    @rule()
    def wait_a_day(self) -> None:
        self.wait(1, most=3)

    def wait(self, days: int, most: int = 12) -> None:
        """Never so many together that a session ends which nobody uses."""
        if self.days + days > most:
            return
        self.days += days
        self.now += days * _DAY + 1000
        clock.shift(self.now)
        account_recovery.release_due()
        for asked in self.recoveries.values():
            self._release(asked)

    @rule(handle=st.sampled_from(HANDLES), place=st.sampled_from(_BROWSERS), is_signed_in=st.booleans())
    def cancel_recovery(self, handle: str, place: str, *, is_signed_in: bool) -> None:
        """The owner does, by the link in the mail or in any session."""
        asked = self.recoveries.get(handle)
        if asked is None:
            return
        if is_signed_in:
            here = self._at(place)
            if not here.handle:
                return
            here.client.post("/settings/recovery")  # type: ignore[union-attr]
            self.recoveries.pop(here.handle, None)
            return
        token = account_recovery.new_cancel_token(asked.id)
        assert self._stranger().post(f"/recover/account/cancel/{token}").status_code == 200
        del self.recoveries[handle]

    @rule(handle=st.sampled_from(HANDLES), new=_HOW_OFTEN)
    def use_recovery(self, handle: str, new: int) -> None:
        """Ready or not: only a request that two approved three days ago lets in."""
        asked, account = self.recoveries.get(handle), self.accounts[handle]
        if asked is None:
            return
        token = account_recovery.new_link_token(asked.id)
        assert (token is not None) == (asked.state == "ready"), asked
        client = Client()
        client.get(f"/recover/account/link/{token}")
        answer = client.post("/recover/account/password", {"password": PASSWORDS[new]})
        is_done = answer.status_code == 302 and answer["Location"] == "/sign-in"
        assert is_done == (asked.state == "ready" and account.is_open), (answer.status_code, asked)
        assert client.get("/api/v1/me").status_code == 401
        if is_done:
            self.removed.extend(account.keys.values())
            account.secret, account.keys = "", {}
            self._forget_codes(account)
            self._has_new_password(handle, new)
            del self.recoveries[handle]
            assert client.get(f"/recover/account/link/{token}").status_code == 410

    @rule(
        handle=st.sampled_from(HANDLES[:2]),
        who=st.sampled_from(_APPROVERS),
        days=st.sampled_from((0, 1, 3, 3)),
        is_cancelled=st.integers(0, 3),
        is_slow=st.booleans(),
    )
    def recover(
        self, handle: str, who: tuple[str, ...], days: int, is_cancelled: int, *, is_slow: bool
    ) -> None:
        """The whole way, which chance alone seldom goes."""
        if handle in self.recoveries:
            self.cancel_recovery(handle, _BROWSERS[0], is_signed_in=False)
        if not self.accounts[handle].has_factor:
            self.add_factor(handle)
        self.ask_for_recovery(handle)
        if is_slow:
            self.wait(days)
        for one in who:
            self.approve_recovery(handle, one)
        if not is_slow:
            self.wait(days)
        asked = self.recoveries.get(handle)
        if asked is not None and not is_cancelled:
            token = account_recovery.new_link_token(asked.id)
            self.cancel_recovery(handle, _BROWSERS[0], is_signed_in=False)
            assert self._stranger().get(f"/recover/account/link/{token}").status_code == 410
        self.use_recovery(handle, 0)

    # Helpers

    def _check_pages(self, here: Place) -> None:
        """A staff page opens with a second step of just now, and never without one of the last day."""
        if not isinstance(here.client, Client):
            return
        assert (here.client.get("/settings").status_code == 200) == bool(here.handle)
        is_lately = here.has_shown_factor and self.now - here.shown_at < 50 * 60_000
        if here.client.get(reverse("console:start")).status_code == 200:
            assert here.handle == "staff"
            assert here.has_shown_factor, here
            assert self.now - here.shown_at < _DAY, here
        else:
            assert here.handle != "staff" or not is_lately, here

    def _release(self, asked: Recovery) -> None:
        """Who was closed out meanwhile counts no more."""
        counting = [who for who in asked.approvals if who in _VERIFIERS or self.accounts[who].is_open]
        if len(counting) >= 2 and self.now - asked.asked_at >= 3 * _DAY:
            asked.state = RecoveryState.READY.value

    def _confirmed(self, here: Place, account: Account, path: str) -> Any:
        """The page, after the password where it asks for a fresh proof; after a factor where a session that
        has never shown one meets an account that has.
        """
        assert isinstance(here.client, Client)
        page = here.client.get(path)
        if page.status_code == 302:
            before = self._key(here)
            sent = {"password": PASSWORDS[account.password], "next": path}
            if account.has_factor and not here.has_shown_factor:
                assert here.client.post("/confirm", sent).status_code == 422, "a password is no proof here"
                sent = {"next": path} | self._factor_of(here.client, account)
                here.has_shown_factor, here.shown_at = True, self.now
            assert here.client.post("/confirm", sent).status_code == 302
            self._bury(here, before)
            page = here.client.get(path)
        return page

    def _key_of(self, account: Account, kind: str) -> tuple[SoftKey | None, bool]:
        """A device, and whether it is one of the account's."""
        own = list(account.keys.values())
        if kind in ("right", "unverified", "answered") and own:
            fitting = [key for key in own if key.is_verified == (kind != "unverified")]
            return (fitting or own)[0], kind != "answered"
        if kind == "removed" and self.removed:
            return self.removed[-1], False
        others = [key for one in self.accounts.values() if one is not account for key in one.keys.values()]
        if kind == "foreign" and others:
            # Somebody else's, which says that it is this account's.
            liar = copy(others[0])
            liar.handle = account.member.pk.bytes
            return liar, False
        if kind == "stolen handle" and own:
            stranger = SoftKey()
            stranger.handle, stranger.id = own[0].handle, own[0].id
            return stranger, False
        return None, False

    def _factor_of(self, client: Client, account: Account) -> dict[str, str]:
        """What the owner sends to show a factor."""
        if account.secret or account.codes:
            code, _ = self._code(account, "right" if account.secret else "recovery")
            self._spend(account, code)
            return {"code": code}
        options = client.post("/sign-in/passkey/options").json()
        return {"credential": json.dumps(next(iter(account.keys.values())).answer(options))}

    def _send_passkey(
        self, here: Place, path: str, options: dict[str, Any], key: SoftKey | None, kind: str
    ) -> int:
        assert isinstance(here.client, Client)
        if kind == "answered":
            answer = self.answered[-1] if self.answered else {}
        else:
            answer = key.answer(options) if key else {}
            self.answered.append(answer)
        page = here.client.post(path, {"credential": json.dumps(answer)})
        self.said = re.findall(r"(?s)<p>.*?</p>", page.content.decode())
        return int(page.status_code)


def _stretch(code: str, salt: bytes) -> bytes:
    """Argon2id at its cheapest: what ten codes cost each time is more than all the rest of a step."""
    return hash_secret_raw(
        code.encode(), salt, time_cost=1, memory_cost=8, parallelism=1, hash_len=32, type=Type.ID
    )


def walk(settings: hypothesis_settings) -> int:
    """Runs the machine beside a real provider; returns the number of steps."""
    WholeIdentity.steps = 0
    with ExitStack() as stack:
        WholeIdentity.provider = stack.enter_context(oidc_provider.running())
        stack.enter_context(override_settings(OIDC_PROVIDERS=(WholeIdentity.provider.as_setting(),)))
        stack.enter_context(patch("beyou.users.codes.stretch", _stretch))
        run_state_machine_as_test(WholeIdentity, settings=settings)
    return WholeIdentity.steps

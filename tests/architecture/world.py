"""A small world for walks over all addresses: alice owns things, bob shares them, charlie is a stranger."""

import datetime as dt
import json
import re
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client

from beyou.automod.rules import Action, Place
from beyou.automod.services import add_word
from beyou.blocks.services import block
from beyou.core import clock
from beyou.instance import announcements, invitations
from beyou.ledger.sealer import Sealer
from beyou.ledger.services import ledger_signer
from beyou.marketplace.models import Item, ItemLook
from beyou.marketplace.services import save_search
from beyou.marketplace.wanted import Wanted
from beyou.media.services import Purpose, store_image
from beyou.moderation.rules import Kind as Sanctions
from beyou.moderation.rules import Reason
from beyou.moderation.services import sanction
from beyou.notifications.models import Kind, Notification
from beyou.notifications.services import notify
from beyou.privacy.services import build_next, request_export
from beyou.reports.rules import Target
from beyou.reports.services import report
from beyou.users import address_blocks, resets, services
from beyou.users.account_recovery import ask_recovery
from beyou.users.email_change import OPEN_FOR, token_mac
from beyou.users.models import EmailChange, MemberSession, PendingRename, SecurityEvent, User
from beyou.users.passkeys import passkeys_of
from beyou.users.rules import Level, SecurityKind
from beyou.users.services import mark_verified
from tests.disputes.rows import bare_claim
from tests.factories import market, members, passkeys, pictures
from tests.factories.documents import request_of
from tests.factories.market import item, variant
from tests.messaging.world import Browser, chat, say
from tests.offers.world import bare_agreement, voucher
from tests.orders.world import bare_order
from tests.payments.bank import charge_of, deal
from tests.reviews.world import both_rate, delivered

METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
ROLES = ("anonymous", "stranger", "staff", "owner")
#: Beside the owner of alice's things, who is called so as well: the owner of the instance is `staff`.
_STAFF_ROLES = {level.value: level for level in Level if level is not Level.OWNER} | {
    "owner of the instance": Level.OWNER
}
_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
#: pattern → values that differ from those of the other patterns
_SPECIAL = {
    f"{settings.STAFF_PREFIX}/figures/<slug:slug>": {"slug": "market"},
    f"{settings.STAFF_PREFIX}/figures/<slug:slug>.csv": {"slug": "market"},
    f"{settings.STAFF_PREFIX}/health/runbook/<slug:name>": {"name": "disk"},
    "u/<slug:handle>/block-reason": {"handle": "mallory"},
    "u/<slug:handle>/unblock": {"handle": "mallory"},
}
#: Numbers of blocks, orders, parts and sales are called alike: beginning of the pattern → whose number it is.
_NUMBERS = {
    "orders/parts/<slug:number>/ratings": "rated",
    "ratings/": "rated",
    "orders/parts/": "part",
    "report/orders/": "part",
    "orders/": "order",
    "selling/": "sale",
}


@dataclass
class World:
    alice: User
    bob: User
    charlie: User
    mallory: User
    staff: User
    #: parameter name → value that belongs to alice
    values: dict[str, str] = field(default_factory=dict)
    #: One of the staff for each level, who has that level alone.
    levels: dict[Level, User] = field(default_factory=dict)

    def path(self, pattern: str) -> str:
        """The address of alice's object."""
        values = self.values | _SPECIAL.get(pattern, {})
        begins = [
            kind for start, kind in _NUMBERS.items() if pattern.removeprefix("api/v1/").startswith(start)
        ]
        if begins:
            values["number"] = self.values[f"{begins[0]}_number"]
        if pattern == "report/items/<uuid:item_id>":
            # Nobody reports what they offer themselves.
            values["item_id"] = self.values["other_item_id"]
        return "/" + _PARAMETER.sub(lambda match: values[match["name"]], pattern)

    def missing_path(self, pattern: str) -> str:
        """The same address for objects that do not exist."""
        return "/" + _PARAMETER.sub(
            lambda match: str(uuid4()) if str(match["converter"]).startswith("uuid") else "nobody_here",
            pattern,
        )

    def client(self, role: str, *, enforce_csrf_checks: bool = False) -> Client:
        # Who said "That wasn't me" a moment ago would see nothing else.
        User.objects.filter(needs_new_password=True).update(needs_new_password=False)
        person = {"stranger": self.charlie, "staff": self.staff, "owner": self.alice}.get(role)
        if role in _STAFF_ROLES:
            person = self.levels[_STAFF_ROLES[role]]
        if person is None:
            return members.visitor(enforce_csrf_checks=enforce_csrf_checks)
        # Alice has a passkey, so a password alone would prove nothing.
        return members.client_of(
            person, enforce_csrf_checks=enforce_csrf_checks, by_factor=person == self.alice
        )

    def ask(self, role: str, method: str, path: str, body: dict[str, Any] | None = None) -> HttpResponseBase:
        """One request in a fresh browser: JSON for the API, a form for pages."""
        is_api = path.startswith("/api/")
        content = json.dumps(body or {}) if is_api else urlencode(body or {})
        kind = "application/json" if is_api else "application/x-www-form-urlencoded"
        has_body = method in ("POST", "PUT", "PATCH", "DELETE")
        return self.client(role).generic(method, path, content if has_body else "", content_type=kind)  # type: ignore[no-any-return]


def build() -> World:
    """Alice has keys, a notice and an open change of address, blocks mallory, and is bob's friend with one
    conversation of one sealed message; bob has a picture and asks to be verified, and mallory to be renamed;
    charlie and staff have keys and know nobody. Alice has begun to pay for something.
    """
    world = World(members.alice(), members.bob(), members.charlie(), members.mallory(), members.staff())
    world.levels = {level: members.staff(level, handle=f"only_{level}") for level in Level}
    browsers = [Browser(person).publish() for person in (world.alice, world.charlie, world.staff)]
    block(member_id=world.alice.pk, other_id=world.mallory.pk)
    notify(member_id=world.alice.pk, kind=Kind.FRIEND_ACCEPTED, actor_id=world.bob.pk)
    mark_verified(member_id=world.alice.pk)
    conversation = chat(world.alice, world.bob)
    message = say(conversation, world.alice)
    _seal()
    export = request_export(member_id=world.alice.pk)
    build_next()
    passkeys.passkey(world.alice)
    services.set_picture(member_id=world.bob.pk, data=pictures.picture("PNG", (64, 64)))
    world.bob.refresh_from_db()
    started = deal(payer=world.alice.pk).start(return_path="/orders")
    lamp = market.item(world.alice)
    photo = _photo(lamp)
    world.values = {
        "item_id": str(lamp.pk),
        "slug": "brass-desk-lamp",
        "category_id": str(lamp.category_id),
        "category": "lamps",
        "image_id": str(photo),
        "search_id": str(save_search(member_id=world.alice.pk, name="Lamps", wanted=Wanted(text="brass")).pk),
        "export_id": str(export.id),
        "conversation_id": str(conversation.id),
        "request_id": str(request_of(world.bob).pk),
        "rename_id": str(_rename(world.mallory).pk),
        "message_id": str(message.message),
        "handle": world.bob.handle,
        "member_id": str(world.bob.pk),
        "device_id": str(browsers[0].device),
        "provider_id": "example",
        "identity_id": str(members.identity(world.alice).pk),
        "token_id": str(members.token(world.alice)[0].pk),
        "session_id": str(MemberSession.objects.create(member=world.alice, key_digest="0" * 64).id),
        "entry_id": str(SecurityEvent.objects.create(member=world.alice, kind=SecurityKind.TOKEN_MADE).id),
        "passkey_id": str(passkeys_of(world.alice.pk)[0].id),
        "media_id": str(world.bob.picture_id),
        "change_token": _email_change(world.alice),
        "notification_id": str(Notification.objects.get(member=world.alice).id),
        "variant_id": str((theirs := variant(item(world.bob))).pk),
        "other_item_id": str(theirs.item_id),
        # The tree has three leaves: genesis, link and the message.
        "level": "0",
        "position": "000.p/3",
        "number": "1",
        "token": "x" * 43,
        "rest": "login/",
        "app_label": "users",
        "model_name": "user",
        "object_id": str(world.bob.pk),
        "sanction_id": str(_warning(world)),
        **_case(world),
        "word_id": str(_watched(world)),
        "held_id": str(_held(world)),
        "block_id": str(_blocked_range()),
        "recovery_id": str(_recovery(world.bob)),
        "invitation_id": str(_invitation(world)),
        "announcement_id": str(_announcement(world)),
        "payment_id": str(started.payment_id),
        "reference": charge_of(started.payment_id).reference,
        "gateway": "sandbox",
    }
    world.values |= {
        "offer_id": str(bare_agreement(world.alice, variant(item(world.bob, "Copper pan")))),
        "voucher_id": str(voucher(world.alice, percent=10).pk),
    }
    bought, sold = bare_order(world.alice, world.bob), bare_order(world.bob, world.alice)
    claim = bare_claim(bare_order(world.alice, world.bob))
    world.values |= {
        "claim_id": str(claim.pk),
        "evidence_id": str(claim.evidence.get().pk),
        "order_number": bought.order.number,
        "part_number": bought.number,
        "sale_number": sold.number,
        "rated_number": delivered(world.alice, world.bob).number,
        "rating_id": str(both_rate(delivered(world.bob, world.alice))[0].pk),
    }
    return world


def _photo(item: Item) -> UUID:
    """The item's picture, with bytes."""
    data = pictures.picture("PNG", (200, 200))
    file = store_image(data=data, owner_id=item.seller_id, purpose=Purpose.ITEM, longest_side=200)
    item.images.update(media_id=file.pk)
    return file.pk


def _warning(world: World) -> UUID:
    """A decision about alice."""
    made = sanction(
        actor_id=world.staff.pk,
        member_id=world.alice.pk,
        kind=Sanctions.WARNING,
        reason=Reason.SPAM,
        words="Please stop.",
    )
    return made.pk


def _watched(world: World) -> UUID:
    word = add_word(actor_id=world.bob.pk, pattern="quicksilver", action=Action.FLAG, places={Place.ITEMS})
    return word.pk


def _held(world: World) -> UUID:
    """Alice wants to offer something that the staff look at first."""
    row = market.item(world.alice, "Old knife")
    Item.objects.filter(pk=row.pk).update(state="draft")
    ItemLook.objects.create(item=row, waits_since=clock.now(), words="“knife”")
    return row.pk


def _case(world: World) -> dict[str, str]:
    """Charlie reports bob, with a screenshot."""
    made = report(
        reporter_id=world.charlie.pk,
        target=Target.MEMBER,
        key=world.bob.handle,
        reason=Reason.SPAM,
        words="Look at this.",
        pictures=[pictures.picture("PNG", (200, 200))],
    )
    return {"case_id": str(made.case_id), "shown_id": str(made.shown.get().pk)}


def _rename(member: User) -> PendingRename:
    """The member was verified and wants another name."""
    return PendingRename.objects.create(
        member=member,
        open_of=member,
        old_handle=member.handle,
        old_name=member.name,
        handle=member.handle,
        name="Mary Mistletoe",
    )


def _email_change(member: User) -> str:
    """The token of a change of address that waits for the old mailbox."""
    token = "a-token-that-nobody-guesses"
    EmailChange.objects.create(
        member=member,
        open_of=member,
        old_email=member.email,
        new_email="new@example.org",
        code_mac="0" * 64,
        token_mac=token_mac(token),
        expires_at=clock.now() + OPEN_FOR,
    )
    return token


def _blocked_range() -> UUID:
    """A range where nobody of the world is."""
    block = address_blocks.block_addresses(
        actor_id=uuid4(), network="198.51.100.0/24", reason="Guessing.", days=1, own_address=""
    )
    return block.pk


def _invitation(world: World) -> UUID:
    made, _ = invitations.make(actor_id=world.bob.pk, note="", uses=5, days=7)
    return made.pk


def _announcement(world: World) -> UUID:
    return announcements.announce(
        actor_id=world.bob.pk,
        title="Hello",
        text="",
        is_for_members=False,
        starts_at=clock.now(),
        ends_at=clock.now() + dt.timedelta(days=1),
    )


def _recovery(person: User) -> UUID:
    reset = resets.reset_of_token(resets.new_link(person))
    return ask_recovery(reset=reset, reason="My phone is in the lake.")


def _seal() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sealer = Sealer(ledger_signer(), Path(folder) / "highwater", require_durable=False)
        while sealer.step():
            pass


def fill(pattern: str, value: str) -> str:
    """The pattern with the same text in the place of every parameter."""
    return _PARAMETER.sub(lambda match: value, pattern)


def rows() -> dict[str, list[str]]:
    """Every row of every table of ours and of allauth's. Sessions are left out: a request may renew them."""
    with connection.cursor() as cursor:
        return {label: _rows_of(cursor, table) for label, table in _tables()}


def _rows_of(cursor: Any, table: str) -> list[str]:
    cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
    return sorted(map(repr, cursor.fetchall()))


@cache
def _tables() -> list[tuple[str, str]]:
    return [
        (model._meta.label, model._meta.db_table)
        for model in apps.get_models()
        if model.__module__.startswith(("beyou.", "allauth.")) and model is not MemberSession
    ]


def changed(before: dict[str, list[str]]) -> list[str]:
    """The tables that differ now."""
    now = rows()
    return sorted(label for label in now if now[label] != before[label])

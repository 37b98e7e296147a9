"""A member whose every field sings is erased: no table, file, cache or raw page still holds the song."""

from pathlib import Path
from typing import Any

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, connection, models, transaction
from django.test import Client

from beyou.analytics import interest
from beyou.audit.services import record
from beyou.automod import queries
from beyou.automod.rules import Action, Matcher, Place, Word
from beyou.automod.services import read_profile
from beyou.blocks.services import block
from beyou.console import filters
from beyou.core import clock, events, personal
from beyou.core.ids import uuid7
from beyou.core.personal import Fate
from beyou.disputes import services as claims
from beyou.disputes.rules import Reason
from beyou.friends.models import FriendRequest
from beyou.keys.models import KeyChallenge
from beyou.marketplace.models import Favourite, Item, ItemLook, Reservation, SearchHit
from beyou.marketplace.services import save_search
from beyou.marketplace.services.index import index_item
from beyou.marketplace.wanted import Wanted
from beyou.messaging.models import Message
from beyou.messaging.services import withhold
from beyou.moderation import rules as sanctions
from beyou.moderation import services as moderation
from beyou.notifications.rules import Kind
from beyou.notifications.services import notify
from beyou.offers.models import VoucherUse
from beyou.orders import services as buying
from beyou.orders.models import Waiting
from beyou.privacy import services
from beyou.privacy.models import DataExport, Erasure
from beyou.reports.models import Removal, RemovedMessage
from beyou.reports.rules import Target
from beyou.reports.services import report
from beyou.reviews import services as reviews
from beyou.users import deletion, identities, resets
from beyou.users.account_recovery import ask_recovery
from beyou.users.email_change import start_email_change
from beyou.users.models import HeldHandle, JoinRequest, KnownDevice, SecurityEvent, User
from beyou.users.phones import set_phone
from beyou.users.profiles import set_picture
from beyou.users.rules import Level, SecurityKind
from beyou.users.services import note_security
from beyou.verification import services as verification
from beyou.verification.rules import Why
from tests.factories import market, members
from tests.factories.documents import request_of
from tests.factories.members import PASSWORD, client_of
from tests.factories.pictures import picture
from tests.messaging.world import Browser, accept, chat, say
from tests.offers import world as haggling
from tests.orders import world as orders
from tests.privacy.world import findings, pass_days, seal, settle
from tests.reviews.world import both_rate, delivered

pytestmark = pytest.mark.django_db(transaction=True)
SONG = "kanarienvogel"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    return tmp_path


def singer(folder: Path) -> tuple[User, User, Any]:
    """A member who used everything there is, her friend, and their readable conversation."""
    alice = members.member(SONG, name=f"Alice {SONG}", email=f"{SONG}@example.org")
    bob, charlie, mallory = members.bob(), members.charlie(), members.mallory()
    User.objects.filter(pk=alice.pk).update(bio=f"{SONG} sings")
    set_picture(member_id=alice.pk, data=picture())
    set_phone(member_id=alice.pk, phone="+491701234567")
    start_email_change(member_id=alice.pk, email=f"{SONG}2@example.org")
    HeldHandle.objects.create(handle=f"{SONG}_old", member=alice)
    KnownDevice.objects.create(member=alice, token_digest="0" * 64)
    note_security(member_id=alice.pk, kind=SecurityKind.FACTOR_ADDED, subject=f"{SONG}'s phone")
    browser = Client(headers={"user-agent": f"Mozilla/5.0 {SONG}"})
    browser.post("/sign-in", {"login": alice.email, "password": PASSWORD})
    browser.post("/sign-in", {"login": alice.email, "password": f"{SONG} guesses"})
    client_of(alice).get("/home")
    readable = chat(alice, charlie)
    for number in range(3):
        said = say(readable, alice, f"{SONG} number {number}")
        say(readable, charlie, f"Charlie's answer {number}")
    one, two = Browser(alice).publish(), Browser(bob).publish()
    sealed = chat(alice, bob)
    for each, other in ((one, two), (two, one)):
        draft = each.seal(f"{SONG} sealed", sealed.id, [other])
        accept(draft)
    KeyChallenge.objects.create(
        member=alice, key_set=one.key_set, device=one.device, generation=2, encrypt_spki=b"1", sign_spki=b"2",
        expires_at="2030-01-01T00:00:00Z",
    )  # fmt: skip
    block(member_id=alice.pk, other_id=mallory.pk, reason=f"{SONG} is annoyed")
    block(member_id=mallory.pk, other_id=alice.pk, reason=f"{SONG} is loud")
    FriendRequest.objects.create(sender=alice, receiver=members.dana())
    notify(member_id=alice.pk, kind=Kind.FRIEND_ACCEPTED, actor_id=bob.pk, target=f"/u/{SONG}")
    notify(member_id=bob.pk, kind=Kind.FRIEND_REQUEST, actor_id=alice.pk)
    vera = members.staff(Level.VERIFIER, handle="vera")
    review = {"request_id": request_of(alice, reason=f"{SONG} sells").pk, "reviewer_id": vera.pk}
    verification.claim(**review)
    verification.reject(**review, why=Why.OTHER, note=f"{SONG} is no name")
    record(act="member.viewed", actor_id=bob.pk, subject_id=alice.pk)
    settle()
    seal(folder)
    trades(alice, bob)
    warned = {
        "kind": sanctions.Kind.WARNING,
        "reason": sanctions.Reason.SPAM,
        "words": f"{SONG} sings too loud",
    }
    warning = moderation.sanction(actor_id=members.staff(handle="olga").pk, member_id=alice.pk, **warned)  # type: ignore[arg-type]
    moderation.appeal(member_id=alice.pk, sanction_id=warning.pk, words=f"{SONG} does not")
    removal = Removal.objects.create(sanction=warning, text=f"{SONG} was here".encode())
    RemovedMessage.objects.create(removal=removal, message_id=said.message)
    withhold(message_ids=[said.message], sender_id=alice.pk, why=f"{SONG} is too loud")
    JoinRequest.objects.create(member=alice, words=f"{SONG} wants in".encode())
    for reporter, about in ((alice, bob), (bob, alice)):
        report(
            reporter_id=reporter.pk,
            target=Target.MEMBER,
            key=about.handle,
            reason=sanctions.Reason.SPAM,
            words=f"{SONG} is sung too loud",
            pictures=[picture("PNG", (80, 80))],
        )
    queries.hold(Matcher([Word("song", SONG, Action.FLAG, frozenset(Place))]), seconds=3600)
    with transaction.atomic():
        read_profile(member_id=alice.pk, text=f"I am the {SONG}")
    queries.hold(Matcher(()), seconds=3600)
    ask_recovery(reset=resets.reset_of_token(resets.new_link(alice)), reason=f"I lost my {SONG}.")
    services.request_export(member_id=alice.pk)
    settle()
    return alice, charlie, readable


def trades(member: User, other: User) -> None:
    """The member offers something, holds and likes what the other offers, and was told of it once."""
    offered, wanted = (market.item(market.seller(each), f"{SONG}'s lamp") for each in (member, other))
    index_item(offered)
    ItemLook.objects.create(item=offered, answer=f"No {SONG} here.")
    client_of(other).get(f"/market/i/{offered.pk}", follow=True)
    interest.flush()
    Favourite.objects.create(member=member, item=wanted)
    Reservation.objects.create(
        variant=market.variant(wanted), buyer=member, order_id=uuid7(), quantity=1, until=clock.now()
    )
    saved = save_search(member_id=member.pk, name=SONG, wanted=Wanted(text=SONG))
    SearchHit.objects.create(member=member, search=saved, item=wanted)
    order = orders.begin(member, orders.offer(other, "Kettle"))
    choices = buying.Choices(
        address=orders.ADDRESS | {"name": f"Alice {SONG}", "street": f"1 {SONG} Road"}, ways={}
    )
    buying.pay(member_id=member.pk, number=order.number, choices=choices, seen_minor=order.total_minor)
    orders.use_card(order)
    part = order.parts.get()
    buying.ship(seller_id=other.pk, number=part.number, carrier="Post", tracking="")
    claims.claim(
        buyer_id=member.pk,
        number=part.number,
        reason=Reason.DAMAGED,
        text=f"The {SONG} is torn.",
        pictures=[picture("PNG", (80, 80))],
    )
    buying.put(member_id=member.pk, variant_id=orders.offer(other, "Mug").pk, quantity=1)
    buying.set_reminder(member_id=member.pk, wanted=True)
    _, of_member = both_rate(delivered(member, other))
    reviews.reply(member_id=member.pk, rating_id=of_member.pk, text=f"{SONG} replies.")
    reviews.rate(
        member_id=member.pk, number=delivered(other, member).number, stars=4, text=f"{SONG} likes it."
    )
    reviews.set_reminders(member_id=member.pk, wanted=False)
    Waiting.objects.create(member=member, variant_id=uuid7(), item_id=uuid7())
    haggling.ask(member, orders.offer(other, "Pan"), price=2000)
    haggling.agree(member, other, market.variant(offered), price=4000)
    haggling.bundles(member)
    haggling.voucher(member, percent=10)
    VoucherUse.objects.create(voucher=haggling.voucher(other, percent=10), member=member, order_id=order.pk)
    haggling.enter(member, haggling.voucher(other, percent=20))
    # The other one's words are hers.
    Item.objects.filter(pk=wanted.pk).update(title="A lamp")


#: What we call things, which nobody typed.
_OURS = {"number", "failure"}


def sing_everywhere(member: User) -> None:
    """Every text column of every row about the member holds the song, also in tables made after this test."""
    for table in personal.tables():
        if table.fate is Fate.KEPT or table.label == "messaging.Message":
            continue
        model = apps.get_model(table.label)
        for number, row in enumerate(table.rows(member.pk)):
            for field in model._meta.concrete_fields:
                is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
                is_name = field.primary_key or "digest" in field.name or field.max_length in (2, 3)
                if is_text and not is_name and field.name not in _OURS:
                    text = f"{SONG}{number}{field.name}"[: field.max_length or 60]
                    try:
                        with transaction.atomic():
                            model._base_manager.filter(pk=row.pk).update(**{field.name: text})
                    except IntegrityError:
                        # A column with a law of its own keeps what the service wrote.
                        continue


def heard(folder: Path) -> list[str]:
    """Where the song still is."""
    found = []
    for model in apps.get_models():
        for row in model._base_manager.values_list():
            if SONG in repr(row).lower():
                found.append(f"{model._meta.label} {row!r}"[:300])
    found += [
        str(path) for path in folder.rglob("*") if path.is_file() and SONG.encode() in path.read_bytes()
    ]
    found += [f"cache {key}" for key, value in cached() if SONG in repr((key, value))]
    return found


def cached() -> list[tuple[object, object]]:
    """What the cache holds. Counters of limits name addresses, too, for five minutes."""
    if not settings.REDIS_URL:
        return list(cache._cache.items())  # type: ignore[attr-defined]  # of locmem
    store = redis.from_url(settings.REDIS_URL)
    return [(key, store.dump(key)) for key in store.scan_iter() if not key.startswith(b"LIMITS")]


def raw_pages() -> list[str]:
    """The files of the database themselves, free pages and log included."""
    if connection.vendor != "sqlite":
        return []
    path = Path(str(connection.settings_dict["NAME"]))
    files = [path, path.with_name(path.name + "-wal")]
    return [file.name for file in files if file.exists() and SONG.encode() in file.read_bytes()]


def test_nothing_of_an_erased_member_is_left(folder: Path) -> None:
    alice, charlie, readable = singer(folder)
    identities.link(member_id=alice.pk, issuer="https://login.example.org", subject="alice")
    # As one of the staff that she was.
    item = {"target": "item"}
    filters.save_filter(owner_id=alice.pk, levels={"moderator"}, name=SONG, list_name="reports", data=item)
    sing_everywhere(alice)
    assert heard(folder), "the test must be able to hear"
    tables = {table.label: table for table in personal.tables()}
    own = {label for label, table in tables.items() if table.people and table.fate is not Fate.KEPT}
    silent = {label for label in own if not tables[label].rows(alice.pk).exists()}
    assert silent <= _MAY_BE_EMPTY, f"let the singer use these too: {sorted(silent - _MAY_BE_EMPTY)}"
    pictures = [path for path in folder.rglob("*") if path.is_file()]
    deletion.request_deletion(member_id=alice.pk)
    settle()
    pass_days(15)
    assert services.erase_due() == 1
    settle()
    seal(folder)
    # What was recorded in leaving, such as a checkout given up, is erased once it is sealed.
    pass_days(15.01)
    settle()
    seal(folder)
    assert Erasure.objects.get().state == "done"
    assert heard(folder) == []
    assert raw_pages() == []
    for label in own:
        if tables[label].fate is Fate.ERASED:
            assert not tables[label].rows(alice.pk).exists(), label
    assert [path for path in pictures if path.exists() and not path.name.startswith("highwater")] == []
    assert DataExport.objects.count() == 0
    assert SecurityEvent.objects.filter(member=alice).count() == 0
    assert findings(folder) == []
    others = Message.objects.filter(conversation=readable, sender=charlie)
    assert all(bytes(row.body) for row in others)
    assert events.parked() == 0


#: What this singer has not used, or what only lives while something goes on.
_MAY_BE_EMPTY = {
    "ledger.PendingErasure",
    "ledger.StepRow",
    "messaging.PendingErasure",
    "mfa.Authenticator",
    "users.AccessToken",
    "users.PasswordReset",
    "users.RecoveryCode",
    "users.TotpUse",
    "users.PendingRename",
    "users.StaffGrant",
    "users.ThreatAlert",
}

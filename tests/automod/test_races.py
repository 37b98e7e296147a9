"""The automatic help at the same moment as itself and as the staff, on whatever engine the suite runs."""

from functools import partial

import pytest

from beyou.automod import queries, rules, services
from beyou.automod.models import Finding, WatchedWord
from beyou.automod.rules import Action, Place
from beyou.console import services as console
from beyou.core import events
from beyou.core.ids import uuid7
from beyou.marketplace import services as market_services
from beyou.marketplace.models import Item, ItemLook
from beyou.marketplace.rules import State, Step
from beyou.messaging.accept import Accepted, accept_messages
from beyou.reports import services as reports
from beyou.reports.models import Case, Report
from beyou.users.models import User
from beyou.users.rules import Level
from tests.blocks.test_races import at_once
from tests.disputes.test_races import race
from tests.factories import market, members
from tests.factories.members import staff
from tests.messaging.world import chat, text_draft
from tests.orders.world import trader

pytestmark = pytest.mark.django_db(transaction=True)
EVERYWHERE = frozenset(Place)


def watch(pattern: str, action: Action) -> None:
    services.add_word(actor_id=uuid7(), pattern=pattern, action=action, places=EVERYWHERE)
    queries.hold(rules.Matcher(each.word for each in queries.watched_words()), seconds=3600)


def held() -> tuple[Item, list[User]]:
    watch("knife", Action.HOLD)
    alice = trader("alice")
    made = market.item(alice, "Bread knife", state=State.DRAFT)
    item = market_services.take_step(seller_id=alice.pk, item_id=made.pk, step=Step.PUBLISH)
    return item, [staff(Level.MODERATOR, handle=f"mo_{number}") for number in range(4)]


def test_of_many_moderators_one_lets_it_through_and_the_others_are_told() -> None:
    item, crew = held()
    jobs = [
        partial(console.let_item_through, actor_id=mo.pk, item_id=item.pk, seen_version=item.version)
        for mo in crew
    ]
    assert len(race(*jobs)) == 1
    item.refresh_from_db()
    assert item.state == State.AVAILABLE


def test_letting_through_and_sending_back_at_once_leave_one_truth() -> None:
    item, crew = held()
    through = partial(console.let_item_through, item_id=item.pk, seen_version=item.version)
    back = partial(console.send_item_back, item_id=item.pk, reason="No knives here.")
    jobs = [partial(through if number % 2 else back, actor_id=mo.pk) for number, mo in enumerate(crew)]
    race(*jobs)
    item.refresh_from_db()
    look = ItemLook.objects.get()
    assert look.waits_since is None
    assert (item.state == State.AVAILABLE) != bool(look.answer)


def test_a_seller_who_deletes_what_is_let_through_leaves_no_half_of_it() -> None:
    item, (mo, *_) = held()
    seller = item.seller_id
    race(
        partial(console.let_item_through, actor_id=mo.pk, item_id=item.pk, seen_version=item.version),
        partial(market_services.delete_draft, seller_id=seller, item_id=item.pk),
    )
    assert Item.objects.filter(state=State.AVAILABLE.value).count() + (not Item.objects.exists()) == 1
    assert not ItemLook.objects.exclude(waits_since=None).exists()


def test_the_same_found_at_once_is_one_finding_and_one_report() -> None:
    alice = members.alice()
    watch("oil", Action.FLAG)
    chats = [chat(alice, other) for other in members.members(4)]
    jobs = [partial(accept_messages, [text_draft(each, alice, "Good oil")]) for each in chats]
    sent = race(*jobs)
    assert [type(each) for results in sent for each in results] == [Accepted] * 4
    (finding,) = Finding.objects.all()
    at_once([partial(reports.report_finding, finding_id=finding.pk)] * 4)
    while events.drain():
        pass
    assert Report.objects.filter(reporter=None).count() == 1
    assert Case.objects.get().report_count == 1


def test_the_same_word_added_at_once_is_there_once() -> None:
    jobs = [
        partial(services.add_word, actor_id=uuid7(), pattern=pattern, action=Action.FLAG, places=EVERYWHERE)
        for pattern in ("oil", "OIL", "öil", "Oil")
    ]
    assert len(race(*jobs)) == 1
    assert WatchedWord.objects.count() == 1

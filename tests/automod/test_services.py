"""What the automatic help does with texts, and what comes of it in the queue of the staff."""

import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.automod import queries, rules, services
from beyou.automod.copies import Copies
from beyou.automod.errors import WatchedText, WordChanged, WordKnown
from beyou.automod.models import Finding, WatchedWord
from beyou.automod.rules import Action, Place
from beyou.core import clock, events, limits
from beyou.core.errors import InvalidInput, NotFound, RateLimited
from beyou.core.ids import uuid7
from beyou.marketplace import services as market_services
from beyou.marketplace.errors import ItemChanged, StepImpossible
from beyou.marketplace.models import Item, ItemLook
from beyou.marketplace.queries.details import details_of
from beyou.marketplace.rules import State, Step
from beyou.messaging.accept import Refused, accept_messages
from beyou.messaging.models import Conversation, Message
from beyou.messaging.quoting import standard_quote
from beyou.messaging.rules import text_of
from beyou.moderation.rules import Kind, Reason
from beyou.moderation.services import sanction
from beyou.notifications.models import Notification
from beyou.reports import queries as reports
from beyou.reports import services as cases
from beyou.reports.models import Case, Report
from beyou.reports.rules import Target
from beyou.users import profiles
from beyou.users.errors import FieldRefused
from beyou.users.models import User
from beyou.users.rules import Level
from tests.factories import market, members
from tests.factories.members import staff
from tests.messaging.world import Browser, accept, chat, say, text_draft
from tests.orders.world import trader

pytestmark = pytest.mark.django_db
EVERYWHERE = frozenset(Place)


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


def watch(pattern: str, action: Action, places: frozenset[Place] = EVERYWHERE) -> WatchedWord:
    row = services.add_word(actor_id=uuid7(), pattern=pattern, action=action, places=places)
    queries.hold(rules.Matcher(each.word for each in queries.watched_words()), seconds=3600)
    return row


def found() -> list[Report]:
    """What the queue of the staff has of it, once everything that waits has happened."""
    while events.drain():
        pass
    return list(Report.objects.filter(reporter=None).order_by("id"))


def words(report: Report) -> str:
    return reports.words_of(report)


def refused(conversation: Conversation, sender: User, text: str) -> Refused:
    (result,) = accept_messages([text_draft(conversation, sender, text)])
    assert isinstance(result, Refused)
    return result


def stored(message_id: UUID) -> str:
    quote = standard_quote(message_id)
    assert quote is not None
    return quote.text


def draft_of(seller: User, title: str = "Brass desk lamp", **fields: Any) -> Item:
    return market.item(seller, title, state=State.DRAFT, **fields)


def publish(item: Item) -> Item:
    return market_services.take_step(seller_id=item.seller_id, item_id=item.pk, step=Step.PUBLISH)


# Messages


def test_a_blocked_word_refuses_the_message_and_says_which_and_stores_nothing() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("snake oil", Action.BLOCK)
    result = refused(conversation, alice, "Buy my SNAKE-oil!")
    assert result.error.code == "watched_text"
    assert "snake oil" in result.error.detail
    assert result.error.extra["words"] == ["snake oil"]
    assert not Message.objects.exists()
    assert found() == []


def test_one_refused_message_harms_no_other_of_its_batch() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("oil", Action.BLOCK)
    drafts = [text_draft(conversation, alice, text) for text in ("one", "oil", "two")]
    results = accept_messages(drafts)
    assert [isinstance(each, Refused) for each in results] == [False, True, False]
    assert sorted(Message.objects.values_list("seq", flat=True)) == [1, 2]


def test_a_censored_word_is_never_stored_and_a_repeat_gets_its_first_answer() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    row = watch("oil", Action.CENSOR)
    draft = text_draft(conversation, alice, "Good oil here")
    sent = accept(draft)
    assert text_of(sent.body) == "Good ■■■ here"
    assert stored(sent.message) == "Good ■■■ here"
    again = accept(draft)
    assert again.is_repeat
    assert again.seq == sent.seq
    services.remove_word(actor_id=uuid7(), word_id=row.pk)
    queries.hold(rules.Matcher(()), seconds=3600)
    assert accept(draft).is_repeat


def test_a_flagged_word_makes_a_case_that_explains_itself(mo: User) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("oil", Action.FLAG)
    sent = say(conversation, alice, "Good oil here")
    (report,) = found()
    assert report.case.about_id == alice.pk
    assert report.case.is_found
    assert "“oil”" in words(report)
    (line,) = reports.lines_of(report.case)
    assert [(shown.message_id, text) for shown, text in line.messages] == [(sent.message, "Good oil here")]
    assert line.is_verified
    assert Notification.objects.filter(member=mo, kind="report_waiting").exists()


def test_a_held_word_refuses_a_message_and_tells_the_staff_what_it_said() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("oil", Action.HOLD)
    result = refused(conversation, alice, "Good oil here")
    assert "Our staff were told" in result.error.detail
    assert not Message.objects.exists()
    (report,) = found()
    (line,) = reports.lines_of(report.case)
    assert ("What was written", "Good oil here") in line.snapshot
    assert b"oil" not in bytes(Finding.objects.get().text)
    refused(conversation, alice, "Good oil here")
    assert len(found()) == 1


def test_a_sealed_message_is_never_touched() -> None:
    watch("eyes", Action.BLOCK)
    alice, bob = Browser(members.alice()).publish(), Browser(members.bob()).publish()
    conversation = chat(alice.member, bob.member)
    draft = alice.seal("For your eyes https://a.b https://c.d https://e.f " * 3, conversation.id, [bob])
    accepted = accept(draft)
    assert bytes(Message.objects.get(id=accepted.message).body) == accepted.body
    assert not Finding.objects.exists()


def test_new_members_write_few_links() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    text = "https://a.example https://b.example https://c.example"
    result = refused(conversation, alice, text)
    assert result.error.code == "too_many_links"
    assert result.error.extra["most"] == 2
    User.objects.filter(pk=alice.pk).update(date_joined=clock.now() - dt.timedelta(days=2))
    say(conversation, alice, text)


def test_strikes_take_trust_back(mo: User) -> None:
    alice = members.alice()
    User.objects.filter(pk=alice.pk).update(date_joined=clock.now() - dt.timedelta(days=60))
    assert queries.trust_of(alice.pk) is rules.Trust.TRUSTED
    sanction(actor_id=mo.pk, member_id=alice.pk, kind=Kind.WARNING, reason=Reason.SPAM, words="Please stop.")
    assert queries.trust_of(alice.pk) is rules.Trust.KNOWN
    assert queries.trust_of(staff(Level.VERIFIER, handle="vera").pk) is rules.Trust.TRUSTED


def test_new_members_begin_only_so_many_chats() -> None:
    alice = members.alice()
    most = limits.most("begun.new")
    for other in members.members(most):
        chat(alice, other)
    with pytest.raises(services.NewMemberLimit) as refusal:
        chat(alice, members.bob())
    assert refusal.value.status == 429
    assert "The next time is in 24 hours" in refusal.value.detail
    User.objects.filter(pk=alice.pk).update(date_joined=clock.now() - dt.timedelta(days=60))
    chat(alice, members.charlie())


def test_every_limit_of_new_members_is_the_one_that_is_counted() -> None:
    for act in rules.LIMITED:
        policies = [rules.policy_of(act, level) for level in rules.Trust]
        assert policies.pop() is None
        assert {limits.POLICIES[policy or ""].item.get_expiry() for policy in policies} == {86_400}
        assert sorted({limits.most(policy or "") for policy in policies}) == [
            limits.most(policy or "") for policy in policies
        ]


def test_the_same_text_to_many_is_a_question_to_the_staff_and_only_one() -> None:
    alice = members.alice()
    chats = [chat(alice, other) for other in members.members(rules.COPIES + 3)]
    text = "Invest with me today and be rich tomorrow"
    for conversation in chats[: rules.COPIES]:
        say(conversation, alice, text)
        say(conversation, alice, text)
    assert found() == []
    say(chats[-3], alice, "Invest with me TODAY, and be rich tomorrow!")
    say(chats[-2], alice, text)
    (report,) = found()
    assert report.reason == Reason.SPAM.value
    assert "more than 4 conversations" in words(report)
    # What was sent was sent: nobody is kept from writing by it.
    assert Message.objects.filter(sender_id=alice.pk).count() == 2 * rules.COPIES + 2
    cases.hold(actor_id=(mo := staff(Level.MODERATOR, handle="mo")).pk, case_id=report.case_id)
    cases.dismiss(actor_id=mo.pk, case_id=report.case_id)
    say(chats[-1], alice, text)
    assert found() == [report]


def test_short_texts_are_nobodys_copies_and_old_ones_are_forgotten() -> None:
    alice = members.alice()
    for other in members.members(rules.COPIES + 2):
        say(chat(alice, other), alice, "Happy birthday!")
    assert found() == []
    few = Copies(most=3)
    people = [uuid7() for _ in range(9)]
    assert [few.note(people[0], each, "a") for each in people[1:]] == [False] * 4 + [True] * 4
    for each in people[1:4]:
        few.note(each, each, "a")
    assert not few.note(people[0], uuid7(), "a")


def test_sending_costs_no_statement_more_with_any_number_of_words() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    counts = []
    for number in (0, 2, 20):
        for each in range(number):
            watch(f"word{number}x{each}", Action.BLOCK)
        with CaptureQueriesContext(connection) as captured:
            say(conversation, alice, "This is a usual message of a usual length, with https://a.example")
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2]
    queries.forget()
    with CaptureQueriesContext(connection) as captured:
        say(conversation, alice, "Hello")
    assert len(captured) == counts[0] + 1


# Items


def test_a_blocked_word_keeps_the_draft_and_all_that_was_typed() -> None:
    alice = trader("alice")
    watch("oil", Action.BLOCK)
    item = draft_of(alice, "Lamp oil")
    with pytest.raises(WatchedText):
        publish(item)
    item.refresh_from_db()
    assert (item.state, item.title) == (State.DRAFT.value, "Lamp oil")


def test_a_blocked_word_does_not_come_into_an_offer_by_a_change() -> None:
    alice = trader("alice")
    watch("oil", Action.BLOCK)
    item = market.item(alice)
    with pytest.raises(WatchedText):
        _change(item, title="Lamp oil")
    item.refresh_from_db()
    assert (item.state, item.title) == (State.AVAILABLE.value, "Brass desk lamp")


def _change(item: Item, **said: Any) -> Item:
    return market_services.save_item(
        seller_id=item.seller_id, item_id=item.pk, details=replace(details_of(item), **said)
    )


def test_a_censored_word_leaves_every_text_of_an_item() -> None:
    alice = trader("alice")
    watch("oil", Action.CENSOR)
    item = draft_of(alice, "Oil lamp", description="With oil.", variants=("Oil green", "Red"))
    publish(item)
    item.refresh_from_db()
    assert (item.title, item.description) == ("■■■ lamp", "With ■■■.")
    assert [each.name for each in item.variants.order_by("position")] == ["■■■ green", "Red"]
    _change(item, title="New oil lamp")
    item.refresh_from_db()
    assert item.title == "New ■■■ lamp"


def test_a_held_item_waits_and_is_published_as_its_sellers(mo: User) -> None:
    alice = trader("alice")
    watch("knife", Action.HOLD)
    item = publish(draft_of(alice, "Bread knife"))
    assert item.state == State.DRAFT
    assert Notification.objects.filter(member=mo, kind="held_waiting").exists()
    look = ItemLook.objects.get()
    assert (look.words, look.waits_since is not None) == ("“knife”", True)
    publish(item)
    assert ItemLook.objects.get().waits_since == look.waits_since
    market_services.let_through(actor_id=mo.pk, item_id=item.pk, seen_version=item.version)
    item.refresh_from_db()
    assert item.state == State.AVAILABLE
    assert AuditRecord.objects.filter(act="item.let_through", actor_id=mo.pk, subject_id=alice.pk).exists()
    assert Notification.objects.filter(member=alice, kind="held_settled").exists()
    # What was let through is not held again, until it says something else.
    for step in (Step.PAUSE, Step.RESUME):
        item = market_services.take_step(seller_id=alice.pk, item_id=item.pk, step=step)
    assert item.state == State.AVAILABLE
    _change(item, price_minor=9_900)
    assert Item.objects.get().state == State.AVAILABLE
    _change(item, description="Also a fighting knife.")
    assert Item.objects.get().state == State.DRAFT
    assert ItemLook.objects.get().waits_since is not None


def test_what_a_moderator_did_not_read_is_not_let_through(mo: User) -> None:
    alice = trader("alice")
    watch("knife", Action.HOLD)
    item = publish(draft_of(alice, "Bread knife"))
    seen = item.version
    _change(item, description="Something quite different.")
    with pytest.raises(ItemChanged):
        market_services.let_through(actor_id=mo.pk, item_id=item.pk, seen_version=seen)
    assert Item.objects.get().state == State.DRAFT


def test_what_is_sent_back_says_why_and_may_be_tried_again(mo: User) -> None:
    alice = trader("alice")
    watch("knife", Action.HOLD)
    item = publish(draft_of(alice, "Bread knife"))
    with pytest.raises(InvalidInput):
        market_services.send_back(actor_id=mo.pk, item_id=item.pk, reason="  ")
    market_services.send_back(actor_id=mo.pk, item_id=item.pk, reason="No knives here.")
    assert ItemLook.objects.get().answer == "No knives here."
    with pytest.raises(StepImpossible):
        market_services.let_through(actor_id=mo.pk, item_id=item.pk, seen_version=item.version)
    _change(item, title="Bread board")
    assert publish(Item.objects.get()).state == State.AVAILABLE
    look = ItemLook.objects.get()
    assert (look.waits_since, look.answer) == (None, "")


def test_an_item_that_leads_away_or_is_too_cheap_is_a_question_and_stays_on_the_market(mo: User) -> None:
    alice, bob = trader("alice"), trader("bob")
    for _ in range(rules.FEWEST_OFFERS):
        market.item(bob, price=10_000)
    item = publish(draft_of(alice, price=1_000, description="Write to me at lamp@mail.example or WhatsApp."))
    assert item.state == State.AVAILABLE
    both = found()
    assert len(both) == 2
    assert both[0].case == both[1].case
    assert {each.reason for each in both} == {Reason.SCAM.value}
    said = " ".join(words(each) for each in both)
    assert "an e-mail address" in said
    assert "10 % of what the middle one of 8 offers" in said
    cases.hold(actor_id=mo.pk, case_id=both[0].case_id)
    cases.dismiss(actor_id=mo.pk, case_id=both[0].case_id)
    _change(item, description="Write to me at lamp@mail.example, not by WhatsApp.")
    assert len(found()) == 2
    assert Case.objects.get().state == "dismissed"
    assert not AuditRecord.objects.filter(act__startswith="sanction").exists()


def test_a_usual_offer_is_no_question() -> None:
    alice, bob = trader("alice"), trader("bob")
    for _ in range(rules.FEWEST_OFFERS - 1):
        market.item(bob, price=100_000)
    publish(draft_of(alice))
    assert found() == []


def test_publishing_takes_the_same_number_of_statements_beside_any_number_of_offers() -> None:
    alice, bob = trader("alice"), trader("bob")
    # The first one of a process reads what it keeps.
    publish(draft_of(alice))
    counts = []
    for size in (2, 20):
        for number in range(size):
            market.item(bob, price=10_000)
            watch(f"word{size}x{number}", Action.FLAG)
        item = draft_of(alice)
        with CaptureQueriesContext(connection) as captured:
            publish(item)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_sellers_whom_the_place_does_not_know_publish_only_so_much() -> None:
    alice = trader("alice")
    most = limits.most("offered.known")
    for _ in range(most):
        publish(draft_of(alice))
    with pytest.raises(services.NewMemberLimit):
        publish(draft_of(alice))
    assert not issubclass(services.NewMemberLimit, RateLimited)


# Profiles


@pytest.mark.parametrize("action", [Action.BLOCK, Action.HOLD])
def test_a_profile_does_not_say_what_is_not_allowed(action: Action) -> None:
    alice = members.alice()
    watch("oil", action)
    with pytest.raises(FieldRefused, match="oil"):
        profiles.change_profile(member_id=alice.pk, bio="I sell oil")
    with pytest.raises(FieldRefused):
        profiles.change_profile(member_id=alice.pk, name="Oil Baron")
    alice.refresh_from_db()
    assert (alice.bio, alice.name) == ("", "Alice Ash")


def test_a_profile_is_censored_and_flagged() -> None:
    alice = members.alice()
    watch("oil", Action.CENSOR)
    watch("sell", Action.FLAG)
    profiles.change_profile(member_id=alice.pk, bio="I sell oil")
    alice.refresh_from_db()
    assert alice.bio == "I sell ■■■"
    (report,) = found()
    assert report.case.target == "member"
    profiles.change_profile(member_id=alice.pk, bio="I sell more oil")
    assert found() == [report]


# Findings


def test_a_finding_is_reported_once_however_often_it_is_told() -> None:
    alice, bob = members.alice(), members.bob()
    watch("oil", Action.FLAG)
    say(chat(alice, bob), alice, "oil")
    (report,) = found()
    key = Finding.objects.get().pk
    assert cases.report_finding(finding_id=key) is None
    assert cases.report_finding(finding_id=uuid7()) is None
    assert found() == [report]


def test_a_case_takes_only_so_many_findings() -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("oil", Action.FLAG)
    for number in range(25):
        say(conversation, alice, f"oil {number}")
    assert len(found()) == 20
    assert Case.objects.get().report_count == 20


def test_a_finding_joins_the_case_of_members_and_tells_only_them(mo: User) -> None:
    alice, bob = members.alice(), members.bob()
    conversation = chat(alice, bob)
    watch("oil", Action.FLAG)
    sent = say(conversation, alice, "oil")
    cases.report(
        reporter_id=bob.pk,
        target=Target.MESSAGES,
        key="alice",
        reason=Reason.SPAM,
        message_ids=[sent.message],
    )
    (report,) = found()
    assert report.case.report_count == 2
    cases.hold(actor_id=mo.pk, case_id=report.case_id)
    cases.settle(actor_id=mo.pk, case_id=report.case_id)
    told = Notification.objects.filter(kind="report_answered").values_list("member_id", flat=True)
    assert list(told) == [bob.pk]


def test_what_was_found_is_forgotten_and_erased() -> None:
    alice, bob = members.alice(), members.bob()
    watch("oil", Action.FLAG)
    say(chat(alice, bob), alice, "oil")
    clock.shift(181 * 86_400_000)
    assert services.forget_old() == 1
    clock.shift(0)
    say(Conversation.objects.get(), alice, "oil")
    services.erase_member(member_id=alice.pk)
    assert not Finding.objects.exists()


# The list of words


def test_a_word_is_added_changed_and_removed_and_the_audit_knows(mo: User) -> None:
    row = services.add_word(actor_id=mo.pk, pattern="  Snake   OIL* ", action=Action.FLAG, places=EVERYWHERE)
    assert row.pattern == "Snake OIL*"
    with pytest.raises(WordKnown):
        services.add_word(actor_id=mo.pk, pattern="snake óil*", action=Action.BLOCK, places=EVERYWHERE)
    said: dict[str, Any] = {"pattern": "snake", "action": Action.BLOCK, "places": {Place.ITEMS}}
    services.change_word(actor_id=mo.pk, word_id=row.pk, seen_version=1, **said)
    with pytest.raises(WordChanged):
        services.change_word(actor_id=mo.pk, word_id=row.pk, seen_version=1, **said)
    with pytest.raises(NotFound):
        services.change_word(actor_id=mo.pk, word_id=uuid7(), seen_version=1, **said)
    services.remove_word(actor_id=mo.pk, word_id=row.pk)
    services.remove_word(actor_id=mo.pk, word_id=row.pk)
    acts = AuditRecord.objects.filter(actor_id=mo.pk).order_by("number").values_list("act", flat=True)
    assert list(acts) == ["word.added", "word.changed", "word.removed"]


@pytest.mark.parametrize(
    "said",
    [
        {"pattern": ""},
        {"pattern": "*"},
        {"pattern": "x" * 81},
        {"places": frozenset()},
        {"note": "x" * 201},
    ],
)
def test_a_bad_word_is_refused(mo: User, said: dict[str, Any]) -> None:
    good: dict[str, Any] = {"pattern": "oil", "action": Action.FLAG, "places": EVERYWHERE}
    with pytest.raises(InvalidInput):
        services.add_word(actor_id=mo.pk, **(good | said))
    assert not WatchedWord.objects.exists()


def test_the_number_of_words_is_bounded(mo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_PATTERNS", 1)
    services.add_word(actor_id=mo.pk, pattern="one", action=Action.FLAG, places=EVERYWHERE)
    with pytest.raises(InvalidInput):
        services.add_word(actor_id=mo.pk, pattern="two", action=Action.FLAG, places=EVERYWHERE)


def test_a_process_learns_new_words_after_a_while() -> None:
    queries.forget()
    assert not queries.matcher()
    services.add_word(actor_id=uuid7(), pattern="oil", action=Action.FLAG, places=EVERYWHERE)
    assert not queries.matcher()
    queries.hold(queries.matcher(), seconds=0)
    assert queries.matcher()

"""Reports: what may be shown, what a forged one comes to, who judges it, and what becomes of everybody."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote as quoted
from uuid import UUID

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.blocks.services import block
from beyou.core import clock, events, limits
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.friends.models import Friendship
from beyou.keys.models import UserKey
from beyou.marketplace.models import Item
from beyou.media.models import MediaFile
from beyou.messaging.models import Conversation, Message, MessageWrap
from beyou.messaging.quoting import BadOpening, Opening
from beyou.moderation import services as moderation
from beyou.moderation.models import Sanction
from beyou.moderation.rules import Kind, Reason
from beyou.notifications.models import Notification
from beyou.reports import queries, rules, services
from beyou.reports.errors import AlreadyReported, CaseHeld, CaseMoved, CaseNotHeld
from beyou.reports.models import Case, Report, Shown
from beyou.reports.rules import State, Target
from beyou.users.models import User
from beyou.users.rules import Level
from beyou.users.services import withdraw_level
from tests.disputes.test_quotes import FORGERIES, opening_of
from tests.disputes.test_races import race
from tests.factories import market, members, pictures
from tests.factories.members import client_of, staff
from tests.messaging.world import Browser, accept, befriend, chat, say
from tests.orders.world import bare_order, trader

pytestmark = pytest.mark.django_db

HOME = f"/{settings.STAFF_PREFIX}/reports"
LEVELS = frozenset({Level.MODERATOR.value})


@pytest.fixture
def alice() -> User:
    return trader("alice", "Alice Ash")


@pytest.fixture
def bob() -> User:
    return trader("bob", "Bob Birch")


@pytest.fixture
def mo() -> User:
    return staff(Level.MODERATOR, handle="mo")


def report(who: User, target: Target, key: str, **said: Any) -> Report:
    chosen = {"reason": Reason.HARASSMENT, "words": "" if target is Target.MESSAGES else "He follows me."}
    return services.report(reporter_id=who.pk, target=target, key=key, **(chosen | said))


def of_member(who: User, about: User, **said: Any) -> Case:
    return report(who, Target.MEMBER, about.handle, **said).case


def of_messages(who: User, about: User, *keys: UUID, **said: Any) -> Report:
    return report(who, Target.MESSAGES, about.handle, message_ids=keys, **said)


def take(mo: User, case: Case) -> Case:
    services.hold(actor_id=mo.pk, case_id=case.pk)
    return Case.objects.get(pk=case.pk)


# What is reported


def test_each_thing_is_kept_as_it_was_when_it_was_reported(alice: User, bob: User, mo: User) -> None:
    lamp, part = market.item(bob, "Brass lamp"), bare_order(alice, bob)
    of_member(alice, bob)
    report(alice, Target.ITEM, str(lamp.pk))
    report(alice, Target.ORDER, part.number)
    Item.objects.filter(pk=lamp.pk).update(title="Nothing to see", description="")
    User.objects.filter(pk=bob.pk).update(name="Somebody Else", bio="")
    shown = {case.target: queries.lines_of(case)[0] for case in Case.objects.all()}
    assert dict(shown["item"].snapshot)["Title"] == "Brass lamp"
    assert dict(shown["member"].snapshot)["Name"] == "Bob Birch"
    assert dict(shown["order"].snapshot)["Number"] == part.number
    assert {case.about_id for case in Case.objects.all()} == {bob.pk}
    stored = b"".join(bytes(row.words) + bytes(row.snapshot) for row in Report.objects.all())
    assert b"follows" not in stored
    assert b"Brass" not in stored
    # The seller of the part may report its buyer as well, which is another case about the same order.
    with pytest.raises(NotFound):
        report(members.charlie(), Target.ORDER, part.number)


def test_several_who_report_the_same_make_one_case_and_nobody_reports_it_twice(
    alice: User, bob: User, mo: User
) -> None:
    first, second = of_member(alice, bob), of_member(members.charlie(), bob)
    assert first.pk == second.pk
    assert Case.objects.get().report_count == 2
    with pytest.raises(AlreadyReported):
        of_member(alice, bob, words="And another thing.")
    services.dismiss(actor_id=mo.pk, case_id=take(mo, first).pk)
    again = of_member(alice, bob)
    assert again.pk != first.pk


@pytest.mark.parametrize(
    ("target", "key"),
    [(Target.MEMBER, "alice"), (Target.MEMBER, "nobody_here"), (Target.ITEM, "0" * 32), (Target.ITEM, "x"),
     (Target.ORDER, "AAAA-AAAA-AAAA"), (Target.MESSAGES, "bob"), (Target.MESSAGES, "alice"),
     (Target.MEMBER, ""), (Target.MEMBER, "x" * 5000)],
)  # fmt: skip
def test_nobody_reports_themselves_or_what_they_cannot_see(
    alice: User, bob: User, target: Target, key: str
) -> None:
    with pytest.raises(NotFound):
        report(alice, target, key)
    assert not Case.objects.exists()


def test_ones_own_item_and_what_is_behind_a_block(alice: User, bob: User) -> None:
    with pytest.raises(NotFound):
        report(alice, Target.ITEM, str(market.item(alice).pk))
    block(member_id=alice.pk, other_id=bob.pk)
    assert of_member(alice, bob).about_id == bob.pk, "whoever blocks somebody can still report them"
    with pytest.raises(NotFound):
        of_member(bob, alice)


@pytest.mark.parametrize(
    "said",
    [{"words": ""}, {"words": "  \n"}, {"words": "x" * 1001}, {"message_ids": [UUID(int=1)]},
     {"pictures": [b"x"] * 4}],
)  # fmt: skip
def test_what_says_nothing_or_too_much_is_not_taken(alice: User, bob: User, said: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        of_member(alice, bob, **said)
    assert not Case.objects.exists()


def test_a_picture_that_is_none_leaves_nothing_and_a_good_one_is_made_anew(
    alice: User, bob: User, mo: User
) -> None:
    good = pictures.picture("PNG", (300, 200))
    with pytest.raises(ApplicationError):
        of_member(alice, bob, pictures=[good, b"<svg onload=alert(1)>"])
    assert not Case.objects.exists()
    assert not MediaFile.objects.exists()
    case = of_member(alice, bob, pictures=[good])
    shown = Shown.objects.get()
    file = MediaFile.objects.get(pk=shown.media_id)
    assert file.wrapped_key
    answer = client_of(mo).get(f"{HOME}/{case.pk}/pictures/{shown.pk}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert AuditRecord.objects.filter(act="case.picture_viewed", subject_id=bob.pk).count() == 1
    for person in (alice, bob):
        assert client_of(person).get(f"{HOME}/{case.pk}/pictures/{shown.pk}").status_code == 404


# Messages


@pytest.fixture
def sealed(alice: User, bob: User) -> tuple[Conversation, Message, Browser, Browser]:
    """Bob wrote an end-to-end message to alice."""
    conversation = chat(alice, bob)
    hers, his = Browser(alice).publish(), Browser(bob).publish()
    draft = his.seal("Give me your lamp or else.", conversation.id, [hers])
    accept(draft)
    return conversation, Message.objects.get(id=draft.message), hers, his


def shown_of(made: Report) -> tuple[str, bool, bool]:
    (line,) = queries.lines_of(made.case)
    ((row, text),) = line.messages
    return text, row.was_sealed, row.is_verified


def test_an_end_to_end_message_is_verified_by_what_its_sender_committed_to(
    sealed: tuple[Conversation, Message, Browser, Browser], alice: User, bob: User
) -> None:
    _, row, hers, his = sealed
    made = of_messages(alice, bob, row.id, openings={row.id: opening_of(row, hers, his)})
    assert shown_of(made) == ("Give me your lamp or else.", True, True)
    assert b"lamp" not in bytes(Shown.objects.get().text)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_report_is_refused_and_leaves_nothing(
    sealed: tuple[Conversation, Message, Browser, Browser], alice: User, bob: User, forgery: str
) -> None:
    _, row, hers, his = sealed
    good = opening_of(row, hers, his)
    pure = Opening(good.payload.replace(b"Give", b"Pure"), good.frank_key)
    bad = FORGERIES[forgery](pure if forgery == "flipped" else good)
    with pytest.raises(BadOpening):
        of_messages(alice, bob, row.id, openings={row.id: bad} if bad else {})
    assert not Case.objects.exists()


def _other_signature(row: Message, hers: Browser, his: Browser) -> None:
    Message.objects.filter(pk=row.pk).update(signature=bytes(len(row.signature)))


def _other_body(row: Message, hers: Browser, his: Browser) -> None:
    Message.objects.filter(pk=row.pk).update(body=bytes(len(row.body)))


def _no_key(row: Message, hers: Browser, his: Browser) -> None:
    UserKey.objects.filter(key_set=his.key_set).delete()


def _key_of_another(row: Message, hers: Browser, his: Browser) -> None:
    other = Browser(members.charlie()).publish()
    UserKey.objects.filter(key_set=other.key_set).delete()
    UserKey.objects.filter(key_set=his.key_set).update(key_set=other.key_set)


def _lost_wrap(row: Message, hers: Browser, his: Browser) -> None:
    MessageWrap.objects.filter(message=row, member=hers.member).delete()


def _other_wrap(row: Message, hers: Browser, his: Browser) -> None:
    MessageWrap.objects.filter(message=row, member=hers.member).update(key_id="0" * 64)


@pytest.mark.parametrize(
    "spoil", [_other_signature, _other_body, _no_key, _key_of_another, _lost_wrap, _other_wrap]
)
def test_what_cannot_be_checked_whole_is_marked_unverified(
    sealed: tuple[Conversation, Message, Browser, Browser],
    alice: User,
    bob: User,
    spoil: Callable[[Message, Browser, Browser], None],
) -> None:
    _, row, hers, his = sealed
    good = opening_of(row, hers, his)
    spoil(row, hers, his)
    made = of_messages(alice, bob, row.id, openings={row.id: good})
    assert shown_of(made) == ("Give me your lamp or else.", True, False)
    (line,) = queries.lines_of(made.case)
    assert line.is_verified is False


def test_a_message_that_was_moved_to_another_time_or_erased_proves_nothing(
    sealed: tuple[Conversation, Message, Browser, Browser], alice: User, bob: User
) -> None:
    _, row, hers, his = sealed
    good = opening_of(row, hers, his)
    Message.objects.filter(pk=row.pk).update(received_ms=row.received_ms + 1)
    with pytest.raises(BadOpening):
        of_messages(alice, bob, row.id, openings={row.id: good})
    Message.objects.filter(pk=row.pk).update(header=b"", body=b"", signature=b"", stamp=b"")
    with pytest.raises(BadOpening):
        of_messages(alice, bob, row.id, openings={row.id: good})
    assert not Case.objects.exists()


def test_what_the_server_reads_it_quotes_itself(alice: User, bob: User) -> None:
    conversation = chat(alice, bob)
    theirs, mine = say(conversation, bob, "You <b>idiot</b>"), say(conversation, alice, "Please stop")
    made = of_messages(alice, bob, theirs.message, mine.message)
    (line,) = queries.lines_of(made.case)
    assert [(text, row.is_verified) for row, text in line.messages] == [
        ("You <b>idiot</b>", True),
        ("Please stop", True),
    ]
    with pytest.raises(InvalidInput):
        of_messages(bob, alice, theirs.message)
    with pytest.raises(InvalidInput):
        of_messages(alice, bob)
    stranger = say(chat(members.charlie(), bob), bob, "To somebody else")
    with pytest.raises(InvalidInput):
        of_messages(alice, bob, stranger.message)


def test_further_messages_join_the_open_report_up_to_a_limit(alice: User, bob: User) -> None:
    conversation = chat(alice, bob)
    keys = [say(conversation, bob, f"Insult {number}").message for number in range(22)]
    made = of_messages(alice, bob, *keys[:15])
    assert of_messages(alice, bob, *keys[10:20]).pk == made.pk
    assert Shown.objects.filter(report=made).count() == 20
    with pytest.raises(InvalidInput):
        of_messages(alice, bob, keys[20])
    with pytest.raises(InvalidInput):
        of_messages(alice, bob, *keys[:21])
    assert (Case.objects.count(), Report.objects.count()) == (1, 1)


def test_a_block_does_not_take_away_the_evidence(alice: User, bob: User) -> None:
    said = say(chat(alice, bob), bob, "Something ugly")
    block(member_id=bob.pk, other_id=alice.pk)
    of_messages(alice, bob, said.message)


# The staff


def test_a_case_is_taken_decided_and_told(alice: User, bob: User, mo: User) -> None:
    case = of_member(alice, bob)
    events.drain()
    assert Notification.objects.get(member=mo).kind == "report_waiting"
    with pytest.raises(CaseNotHeld):
        services.dismiss(actor_id=mo.pk, case_id=case.pk)
    assert take(mo, case).state == State.INVESTIGATING
    vi = staff(Level.MODERATOR, handle="vi")
    with pytest.raises(CaseHeld):
        services.hold(actor_id=vi.pk, case_id=case.pk)
    services.settle(actor_id=mo.pk, case_id=case.pk, answer="We talked to him.")
    events.drain()
    assert Notification.objects.get(member=alice).kind == "report_answered"
    ((row, _, answer),) = queries.my_reports(alice.pk).items
    assert (row.case.state, answer) == (State.RESOLVED, "We talked to him.")
    for again in (services.dismiss, services.settle):
        with pytest.raises(CaseMoved):
            again(actor_id=mo.pk, case_id=case.pk)
    with pytest.raises(CaseMoved):
        services.hold(actor_id=vi.pk, case_id=case.pk)
    acts = AuditRecord.objects.filter(subject_id=bob.pk).order_by("id").values_list("act", flat=True)
    assert list(acts) == ["case.held", "case.settled"]


def test_a_hold_ends_by_the_clock(alice: User, bob: User, mo: User) -> None:
    case, vi = take(mo, of_member(alice, bob)), staff(Level.MODERATOR, handle="vi")
    clock.shift(int(rules.LEASE.total_seconds() * 1000) + 1000)
    services.hold(actor_id=vi.pk, case_id=case.pk)
    with pytest.raises(CaseNotHeld):
        services.dismiss(actor_id=mo.pk, case_id=case.pk)
    services.let_go(actor_id=vi.pk, case_id=case.pk)
    assert Case.objects.get().state == State.PENDING


def test_a_warning_or_suspension_is_one_with_the_case(alice: User, bob: User, mo: User) -> None:
    case = take(mo, of_member(alice, bob))
    said = {"kind": Kind.SUSPENSION, "reason": Reason.HARASSMENT, "words": "Leave her alone.", "days": 3}
    with pytest.raises(InvalidInput):
        services.sanction(actor_id=mo.pk, case_id=case.pk, **said | {"days": 2})
    assert Case.objects.get().is_open, "what could not be decided leaves the case as it was"
    services.sanction(actor_id=mo.pk, case_id=case.pk, **said)
    case.refresh_from_db()
    assert (case.state, case.outcome, case.sanction_id) == (
        "resolved",
        "suspended",
        Sanction.objects.get().pk,
    )
    assert client_of(bob).get("/home")["Location"] == "/decisions"
    page = client_of(alice).get("/reports").content.decode()
    assert "did something about it" in page
    assert "Suspended" not in page


def test_an_item_is_taken_off_and_nothing_else_can_be(alice: User, bob: User, mo: User) -> None:
    lamp = market.item(bob)
    case = take(mo, report(alice, Target.ITEM, str(lamp.pk)).case)
    services.take_off(actor_id=mo.pk, case_id=case.pk, reason="It is stolen.", answer="")
    lamp.refresh_from_db()
    assert (lamp.state, lamp.staff_reason) == ("inactive_staff", "It is stolen.")
    other = take(mo, of_member(alice, bob))
    with pytest.raises(InvalidInput):
        services.take_off(actor_id=mo.pk, case_id=other.pk, reason="Off with him.")


def test_opened_again_it_is_held_and_a_newer_one_stands_in_its_way(alice: User, bob: User, mo: User) -> None:
    case = take(mo, of_member(alice, bob))
    services.dismiss(actor_id=mo.pk, case_id=case.pk, answer="Nothing.")
    services.reopen(actor_id=mo.pk, case_id=case.pk)
    case.refresh_from_db()
    assert (case.state, case.outcome, queries.answer_of(case)) == ("investigating", "", "")
    with pytest.raises(CaseMoved):
        services.reopen(actor_id=mo.pk, case_id=case.pk)
    services.dismiss(actor_id=mo.pk, case_id=case.pk)
    of_member(members.charlie(), bob)
    with pytest.raises(CaseMoved):
        services.reopen(actor_id=mo.pk, case_id=case.pk)


def test_nobody_judges_themselves_friends_equals_upwards_or_what_they_reported(
    alice: User, bob: User, mo: User
) -> None:
    vi, olga = staff(Level.MODERATOR, handle="vi"), staff(handle="olga")
    befriend(mo, bob)
    cases = {
        "friend": of_member(alice, bob),
        "equal": of_member(alice, vi),
        "upwards": of_member(alice, olga),
        "self": of_member(alice, mo),
        "mine": of_member(mo, members.charlie()),
    }
    levels = frozenset({Level.MODERATOR.value})
    for why, case in cases.items():
        for act in (services.hold, services.open_case, services.reopen):
            with pytest.raises(NotFound):
                act(actor_id=mo.pk, case_id=case.pk)
        assert client_of(mo).get(f"{HOME}/{case.pk}").status_code == 404, why
    assert queries.queue_for(mo.pk, levels).total == 0
    assert queries.chosen_cases(mo.pk, levels, [case.pk for case in cases.values()]) == []
    # An owner judges the staff below, and never themselves.
    owner = frozenset({Level.OWNER.value})
    assert {line.case.about_id for line in queries.queue_for(olga.pk, owner).lines} == {
        bob.pk, vi.pk, mo.pk, cases["mine"].about_id,
    }  # fmt: skip
    for level in (Level.VERIFIER, Level.FINANCE, Level.AUDITOR):
        assert client_of(staff(level, handle=f"only_{level}")).get(HOME).status_code == 404
    assert Friendship.objects.count() == 1


def test_a_level_that_was_taken_away_decides_nothing_any_more(alice: User, bob: User, mo: User) -> None:
    case = take(mo, of_member(alice, bob))
    withdraw_level(member_id=mo.pk, level=Level.MODERATOR, withdrawn_by_id=None)
    with pytest.raises(NotFound):
        services.dismiss(actor_id=mo.pk, case_id=case.pk)


# Pages


def test_the_pages_of_a_member_keep_what_was_typed(alice: User, bob: User) -> None:
    client = client_of(alice)
    said = {"words": "He <script>alert(1)</script> follows me."}
    page = client.post(f"/report/members/{bob.handle}", said)
    assert page.status_code == 422
    assert "He &lt;script&gt;" in page.content.decode()
    for wrong in ({"reason": "fun"}, {"words": "a\0b"}, {"words": "x" * 1001}, {"message": "no id"}):
        sent = {"reason": "spam", "words": "Spam."} | wrong
        assert client.post(f"/report/members/{bob.handle}", sent).status_code == 422, wrong
    file = SimpleUploadedFile("shot.png", b"not a picture", "image/png")
    answer = client.post(f"/report/members/{bob.handle}", said | {"reason": "spam", "pictures": file})
    assert answer.status_code == 422
    assert not Case.objects.exists()
    done = client.post(f"/report/members/{bob.handle}", said | {"reason": "spam"}, follow=True)
    assert "Our staff have it" in done.content.decode()
    assert "He &lt;script&gt;" in client.get("/reports").content.decode()
    assert "reported this already" in client.get(f"/report/members/{bob.handle}").content.decode()
    again = client.post(f"/report/members/{bob.handle}", said | {"reason": "spam"})
    assert again.status_code == 422
    assert Client().get("/reports")["Location"].startswith("/sign-in")


def test_messages_are_ticked_on_a_page(alice: User, bob: User) -> None:
    conversation, client = chat(alice, bob), client_of(alice)
    keys = [str(say(conversation, bob, f"Insult {number}").message) for number in range(3)]
    page = client.get(f"/report/messages/{bob.handle}?before=3&tick={keys[1]}").content.decode()
    assert f'value="{keys[1]}" checked' in page
    assert keys[2] not in page
    for place in ("?before=x", "?before=0", "?before=99999999999999999999999"):
        assert client.get(f"/report/messages/{bob.handle}{place}").status_code == 422
    answer = client.post(f"/report/messages/{bob.handle}", {"reason": "spam", "message": keys[:2]})
    assert answer.status_code == 302
    assert Shown.objects.count() == 2
    assert "shown already" in client.get(f"/report/messages/{bob.handle}").content.decode()
    for person in (members.charlie(), bob):
        assert client_of(person).get(f"/report/messages/{quoted('nobody')}").status_code == 404
    assert client_of(members.dana()).get(f"/report/messages/{bob.handle}").status_code == 404


def test_the_api_takes_reports_and_names_what_is_wrong(alice: User, bob: User) -> None:
    client = client_of(alice)

    def post(**body: Any) -> Any:
        return client.post("/api/v1/reports", body, content_type="application/json")

    made = post(target="member", key="bob", reason="spam", words="40 adverts")
    assert (made.status_code, made.json()["state"]) == (201, "pending")
    again = post(target="member", key="bob", reason="spam", words="40 adverts")
    assert (again.status_code, again.json()["code"]) == (409, "already_reported")
    for wrong in ({"target": "planet"}, {"key": ""}, {"reason": "fun"}, {"words": "x" * 1001}, {"more": 1},
                  {"messages": [{"id": "x"}]}):  # fmt: skip
        said = {"target": "item", "key": "x", "reason": "spam", "words": "x"}
        assert post(**(said | wrong)).status_code == 422, wrong
    key = str(say(chat(alice, bob), bob).message)
    assert post(target="messages", key="bob", reason="spam", messages=[{"id": key}]).status_code == 201
    listed = client.get("/api/v1/reports?limit=1").json()
    assert [each["target"] for each in listed["items"]] == ["messages"]
    assert client.get(f"/api/v1/reports?cursor={listed['next']}").json()["next"] is None
    assert client_of(bob).get("/api/v1/reports").json()["items"] == []


def test_the_staff_decide_on_a_page(alice: User, bob: User, mo: User) -> None:
    client, case = client_of(mo), of_member(alice, bob, words="He <img src=x onerror=alert(1)> follows me.")
    address = f"{HOME}/{case.pk}"
    page = client.get(address).content.decode()
    assert "He &lt;img" in page
    assert "Take it" in page
    assert client.post(f"{address}/dismiss", {"answer": "No."}).status_code == 422
    client.post(f"{address}/hold")
    kept = client.post(f"{address}/sanction", {"what": "9", "reason": "spam", "words": "Stop it."})
    assert (kept.status_code, "Stop it." in kept.content.decode()) == (422, True)
    said = {"what": "3", "reason": "harassment", "words": "Leave <b>her</b> alone.", "answer": "Done."}
    preview = client.post(f"{address}/sanction", said).content.decode()
    assert "Leave &lt;b&gt;her" in preview
    assert not Sanction.objects.exists()
    assert client.post(f"{address}/take-off", {"reason": "Off!"}).status_code == 422
    assert client.post(f"{address}/dismiss", {"answer": "x" * 1001}).status_code == 422
    client.post(f"{address}/sanction", said | {"do": "decide"})
    assert Sanction.objects.get().days == 3
    stale = client.post(f"{address}/dismiss", {"answer": "No."})
    assert (stale.status_code, "The case has moved on" in stale.content.decode()) == (422, True)
    assert "Bob Birch" in client.get(f"{HOME}/decided").content.decode()
    assert "No report waits" in client.get(HOME).content.decode()
    for wrong in ("?target=planet", "?after=x", "?at=x", "/decided?before=x"):
        assert client.get(f"{HOME}{wrong}").status_code == 422, wrong


def test_several_are_dismissed_at_once_after_a_second_look(alice: User, mo: User) -> None:
    client, vi = client_of(mo), staff(Level.MODERATOR, handle="vi")
    cases = [of_member(alice, person) for person in members.members(4, prefix="few")]
    services.hold(actor_id=vi.pk, case_id=cases[3].pk)
    chosen = {"case": [str(case.pk) for case in cases], "answer": "All is well."}
    preview = client.post(f"{HOME}/several", chosen).content.decode()
    assert "4 cases" in preview
    assert Case.objects.filter(state__in=rules.OPEN).count() == 4
    done = client.post(f"{HOME}/several", chosen | {"do": "dismiss"}, follow=True).content.decode()
    assert "3 dismissed. 1 could not be" in done
    assert set(Case.objects.filter(state="dismissed")) == set(cases[:3])
    for wrong in ({}, {"case": "x"}, {"case": [str(cases[0].pk)] * 51}):
        assert client.post(f"{HOME}/several", wrong | {"do": "dismiss"}).status_code == 422


def test_several_are_limited_at_once_and_nobody_gets_it_twice(alice: User, bob: User, mo: User) -> None:
    client = client_of(mo)
    people = members.members(2, prefix="few")
    cases = [of_member(alice, person) for person in people]
    cases.append(report(alice, Target.ITEM, str(market.item(bob, "Brass lamp").pk)).case)
    cases.append(of_member(alice, bob))
    moderation.sanction(
        actor_id=mo.pk, member_id=people[1].pk, kind=Kind.LIMIT, reason=Reason.SPAM, words="Stop.", days=3
    )
    said = {"what": "limit_7", "reason": "spam", "words": "Stop sending adverts."}
    chosen = {"case": [str(case.pk) for case in cases], "answer": "Thank you."} | said
    preview = client.post(f"{HOME}/several", chosen | {"do": "words"}).content.decode()
    assert "Limit the reach for 7 days" in preview
    assert "do not find you or what you sell" in preview
    assert Sanction.objects.count() == 1
    for wrong in ({"what": "limit_4"}, {"what": "limit_"}, {"words": ""}, {"reason": "x"}):
        assert client.post(f"{HOME}/several", chosen | wrong | {"do": "decide"}).status_code == 422
    done = client.post(f"{HOME}/several", chosen | {"do": "decide"}, follow=True).content.decode()
    assert "2 decided. 2 could not be" in done
    assert Sanction.objects.filter(member=bob, kind="limit").count() == 1
    assert sorted(Case.objects.filter(outcome="limited").values_list("about__handle", flat=True)) == [
        "bob",
        "few_0",
    ]
    # What stays is nobody's.
    assert set(Case.objects.filter(state__in=rules.OPEN).values_list("held_by_id", flat=True)) == {None}


def test_lists_cost_the_same_for_two_and_for_twenty(alice: User, mo: User) -> None:
    people = members.members(20, prefix="many")

    def cost(client: Client, path: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(path).status_code == 200
        return len(caught)

    staff_pages = (HOME, f"{HOME}/decided", f"{HOME}/several")
    for person in people[:2]:
        of_member(alice, person)
    client, hers = client_of(mo), client_of(alice)
    client.get(HOME)
    few = [cost(client, page) for page in staff_pages] + [cost(hers, "/reports")]
    for person in people[2:]:
        limits.reset()
        of_member(alice, person)
    many = [cost(client, page) for page in staff_pages] + [cost(hers, "/reports")]
    assert few == many


def test_a_case_costs_the_same_for_two_and_for_twenty_reports(bob: User, mo: User) -> None:
    people = members.members(20, prefix="many")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client_of(mo).get(f"{HOME}/{Case.objects.get().pk}").status_code == 200
        return len(caught)

    for person in people[:2]:
        of_member(person, bob)
    few = cost()
    for person in people[2:]:
        of_member(person, bob)
    assert few == cost()


# What goes


def test_with_a_member_goes_what_they_reported_wrote_and_were_reported_for(
    alice: User, bob: User, mo: User
) -> None:
    said = say(chat(alice, bob), bob, "Something ugly")
    of_messages(alice, bob, said.message)
    about_alice = of_member(bob, alice, pictures=[pictures.picture("PNG", (200, 200))])
    of_member(bob, members.charlie())
    of_member(members.dana(), alice)
    services.erase_member(member_id=bob.pk)
    assert not Shown.objects.exists()
    assert not MediaFile.objects.exists()
    assert not Report.objects.filter(reporter=bob).exists()
    assert not Case.objects.filter(about=bob).exists()
    about_alice.refresh_from_db()
    assert (about_alice.report_count, about_alice.is_open) == (1, True)
    gone = Case.objects.get(about__handle="charlie")
    assert (gone.state, gone.report_count) == ("dismissed", 0)


def test_what_was_shown_is_deleted_some_time_after_the_decision(alice: User, bob: User, mo: User) -> None:
    case = take(mo, of_member(alice, bob, pictures=[pictures.picture("PNG", (200, 200))]))
    services.dismiss(actor_id=mo.pk, case_id=case.pk, answer="Nothing.")
    clock.shift(179 * 86_400_000)
    assert services.forget_old() == 0
    clock.shift(181 * 86_400_000)
    assert services.forget_old() == 1
    assert services.forget_old() == 0
    assert not Report.objects.exists()
    assert not MediaFile.objects.exists()
    assert "decided long ago" in client_of(mo).get(f"{HOME}/{case.pk}").content.decode()


# Races


@pytest.mark.django_db(transaction=True)
def test_of_many_who_report_at_once_all_are_in_one_case() -> None:
    bob, people = members.bob(), members.members(8, prefix="many")
    outcomes = race(*[lambda person=person: of_member(person, bob) for person in people])
    assert len(outcomes) == 8
    assert (Case.objects.get().report_count, Report.objects.count()) == (8, 8)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_or_decide_at_once_one_is_told() -> None:
    alice, bob = members.alice(), members.bob()
    staffers = [staff(Level.MODERATOR, handle=f"mo{number}") for number in range(4)]
    case = of_member(alice, bob)
    outcomes = race(*[lambda mo=mo: services.hold(actor_id=mo.pk, case_id=case.pk) for mo in staffers])
    assert len(outcomes) == 1
    holder = Case.objects.get().held_by_id
    assert holder is not None
    warning = {"kind": Kind.WARNING, "reason": Reason.OTHER, "words": "Stop it."}
    decided = race(
        lambda: services.dismiss(actor_id=holder, case_id=case.pk),
        lambda: services.settle(actor_id=holder, case_id=case.pk),
        lambda: services.sanction(actor_id=holder, case_id=case.pk, **warning),
    )
    assert len(decided) == 1
    outcome = Case.objects.get().outcome
    assert Sanction.objects.count() == (1 if outcome == "warned" else 0)

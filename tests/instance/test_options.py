"""What owners decide in numbers and words: who may, what is refused, whose word counts, and what follows."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as environment
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from beyou.audit.models import AuditRecord
from beyou.automod import services as automod
from beyou.automod.models import Finding
from beyou.config.environment import VARIABLES
from beyou.console import retention
from beyou.core import clock, ids, limits
from beyou.core.errors import InvalidInput, RateLimited
from beyou.core.ids import uuid7
from beyou.core.ports import options as port
from beyou.core.realtime.hub import hub
from beyou.disputes.queries import refusal_for
from beyou.disputes.rules import Refusal
from beyou.instance import options, queries, services
from beyou.instance.errors import SettingsChanged
from beyou.instance.models import InstanceSettings
from beyou.instance.options import OPTIONS, NotAValue, Section
from beyou.notifications import services as tell
from beyou.notifications.models import Notification
from beyou.notifications.rules import Kind
from beyou.orders import services as orders
from beyou.payments.models import Share
from beyou.reports import services as reports
from beyou.reports.models import Case
from beyou.users.models import LoginActivity
from beyou.users.retention import forget_old as forget_log
from beyou.users.rules import Level
from tests.blocks.test_races import at_once
from tests.factories import members
from tests.factories.members import client_of, staff, visitor
from tests.orders.world import balance, begin, offer, pay, settle_down, trader, use_card

_S = f"/{environment.STAFF_PREFIX}"
PAGES = {section: f"{_S}/settings/{section}" for section in Section}
MARKET = PAGES[Section.MARKET]


@pytest.fixture(autouse=True)
def _as_a_new_process(_fresh_world: None) -> Iterator[None]:
    """These tests read what is set, as a process does that has just begun."""
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def owner(db: None) -> Client:
    return client_of(staff())


def fields(section: Section, **changed: Any) -> dict[str, Any]:
    """The page as its form sends it, while nothing was saved."""
    typed = {
        option.name: options.typed(option, queries.default_of(option.name), "EUR")
        for option in options.of_section(section)
    }
    return {"version": 0, "do": "save"} | typed | changed


def decide(section: Section, *, seen: int = 0, **wanted: Any) -> bool:
    return services.save_options(
        actor_id=uuid7(), section=section, seen_version=seen, wanted=wanted, currency="EUR"
    )


# Whose word counts


def test_every_option_has_a_column_a_default_in_its_bounds_and_the_environments_name() -> None:
    columns = {field.name for field in InstanceSettings._meta.get_fields()}
    for option in OPTIONS.values():
        assert option.name in columns
        assert options.is_allowed(option, queries.default_of(option.name)), option.name
        if declared := VARIABLES.get(option.variable):
            assert declared.low <= option.low
            assert option.high <= declared.high
            assert set(declared.choices) == {key for key, _ in option.words}
    assert {section.version_field for section in Section} <= columns


@pytest.mark.django_db
def test_the_page_overrides_the_environment_and_what_is_as_the_default_follows_it(settings: Any) -> None:
    settings.CLAIM_DAYS = 20
    assert port.number("claim_days") == 20
    assert decide(Section.MARKET, claim_days=30, market_browsing="verified", claim_answer_days=5)
    queries.forget()
    assert (port.number("claim_days"), port.word("market_browsing")) == (30, "verified")
    settings.CLAIM_DAYS, settings.CLAIM_ANSWER_DAYS = 25, 7
    assert (port.number("claim_days"), port.number("claim_answer_days")) == (30, 7)
    # Back to the default: nothing is stored, and the environment is followed again.
    assert decide(Section.MARKET, seen=1, claim_days=25, market_browsing="members")
    queries.forget()
    row = InstanceSettings.objects.get()
    assert (row.claim_days, row.market_browsing, row.version, row.market_version) == (None, "", 0, 2)
    settings.CLAIM_DAYS = 21
    assert port.number("claim_days") == 21


@pytest.mark.django_db
def test_what_the_server_fixes_no_page_changes(owner: Client, settings: Any) -> None:
    decide(Section.MARKET, market_commission=900)
    queries.forget()
    settings.FIXED_OPTIONS = frozenset({"market_commission"})
    # What was decided before rests.
    assert port.number("market_commission") == settings.MARKET_COMMISSION
    page = owner.get(MARKET).content.decode()
    assert "has fixed it" in page
    assert re.search(r'name="market_commission" value="5"[^>]* disabled', page)
    answer = owner.post(MARKET, fields(Section.MARKET, version=1, market_commission="1", claim_days="9"))
    assert answer.status_code == 302
    queries.forget()
    assert port.number("claim_days") == 9
    assert port.number("market_commission") == settings.MARKET_COMMISSION
    with pytest.raises(InvalidInput):
        decide(Section.MARKET, seen=2, market_commission=1)
    settings.FIXED_OPTIONS = frozenset()
    assert port.number("market_commission") == 900


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wanted", [{"claim_days": 0}, {"claim_days": "9"}, {"claim_days": True}, {"name": "x"}, {"is_staff": 1}]
)
def test_the_service_refuses_what_is_out_of_bounds_or_no_option(wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        decide(Section.MARKET, **wanted)
    assert not InstanceSettings.objects.exists()


@pytest.mark.django_db
def test_another_process_knows_within_seconds_and_asking_costs_no_statement() -> None:
    port.number("claim_days")
    with CaptureQueriesContext(connection) as asked:
        for option in OPTIONS.values():
            queries.option(option.name)
    assert len(asked) == 0
    # As another process would: the row is written, and nothing here is told.
    InstanceSettings.objects.create(claim_days=3)
    assert port.number("claim_days") == environment.CLAIM_DAYS
    queries.hold(queries.current(), seconds=0.0)
    with CaptureQueriesContext(connection) as asked:
        assert port.number("claim_days") == 3
    assert len(asked) == 2
    with CaptureQueriesContext(connection) as asked:
        assert port.kept_for("claim_days").days == 3
    assert len(asked) == 1


# The pages


@pytest.mark.django_db
@pytest.mark.parametrize("section", Section)
def test_only_owners_open_and_change_a_page(section: Section) -> None:
    others = [client_of(staff(level, handle=level.value)) for level in Level if level is not Level.OWNER]
    for client in [*others, client_of(members.alice())]:
        assert client.get(PAGES[section]).status_code == 404
        for do in ("save", "defaults"):
            assert client.post(PAGES[section], fields(section, do=do)).status_code == 404
    assert visitor().get(PAGES[section]).status_code in (302, 404)
    assert visitor().post(PAGES[section], fields(section)).status_code in (302, 404)
    assert not InstanceSettings.objects.exists()
    assert not AuditRecord.objects.filter(act__startswith="instance.").exists()


@pytest.mark.parametrize("section", Section)
def test_a_page_says_what_each_option_does_its_bounds_and_its_default(
    owner: Client, section: Section
) -> None:
    owner.get(PAGES[section])
    with CaptureQueriesContext(connection) as asked:
        page = unescape(owner.get(PAGES[section]).content.decode())
    assert len([each for each in asked.captured_queries if "instance_" in each["sql"]]) <= 3
    for option in options.of_section(section):
        assert option.label in page
        assert option.meaning in page
        assert f"Default: {options.shown(option, queries.default_of(option.name), 'EUR')}." in page
    assert "<script>" not in page
    # Sent as it is, it changes nothing.
    assert owner.post(PAGES[section], fields(section)).status_code == 302
    assert not InstanceSettings.objects.exists()


BAD = ("-1", "abc", "1000000000000", "NaN", "", "1e3", "0x10", "１４", "5; DROP", "9" * 300, "٣")


@pytest.mark.parametrize("section", Section)
def test_bad_input_gets_an_error_and_stays_in_the_field(owner: Client, section: Section) -> None:
    numbers = [option.name for option in options.of_section(section) if not option.words]
    for bad in BAD:
        answer = owner.post(PAGES[section], fields(section) | dict.fromkeys(numbers, bad))
        page = answer.content.decode()
        assert answer.status_code == 422, bad
        for name in numbers:
            assert OPTIONS[name].label in page
            assert f'id="id_{name}_error1"' in page, (name, bad)
            assert bad[:300] in page
    assert not InstanceSettings.objects.exists()


def test_a_bad_choice_or_version_is_refused_and_the_rest_stays(owner: Client) -> None:
    for bad in ({"market_browsing": "everybody"}, {"market_browsing": ""}, {"version": "x"}, {"version": -1}):
        answer = owner.post(MARKET, fields(Section.MARKET, claim_days="77") | bad)
        assert answer.status_code == 422
        assert 'value="77"' in answer.content.decode()
    assert not InstanceSettings.objects.exists()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("market_commission", "7,25 %", 725),
        ("market_commission", "7.5", 750),
        ("market_commission", "0", 0),
        ("market_commission", "50", 5000),
        ("market_commission", "50.01", None),
        ("market_commission", "7.255", None),
        ("claim_days", " 180 ", 180),
        ("claim_days", "181", None),
        ("claim_days", "0", None),
        ("claim_four_eyes", "1.234,50", 123450),
        ("claim_four_eyes", "€0", 0),
        ("claim_four_eyes", "10000000.01", None),
    ],
)
def test_numbers_are_read_as_people_write_them(name: str, text: str, value: int | None) -> None:
    option = OPTIONS[name]
    if value is None:
        with pytest.raises(NotAValue):
            options.read(option, text, "EUR")
    else:
        assert options.read(option, text, "EUR") == value
        assert options.read(option, options.typed(option, value, "EUR"), "EUR") == value


def test_a_change_is_audited_with_before_and_after_and_can_be_undone(owner: Client) -> None:
    sent = fields(Section.MARKET, market_commission="7.5", market_browsing="verified", claim_four_eyes="0")
    assert owner.post(MARKET, sent).status_code == 302
    record = AuditRecord.objects.get(act="instance.market_changed")
    assert record.detail == {
        "before": {"market_commission": "5 %", "market_browsing": "All members", "claim_four_eyes": "€500"},
        "after": {
            "market_commission": "7.5 %",
            "market_browsing": "Verified members",
            "claim_four_eyes": "€0",
        },
    }
    assert 'value="7.5"' in owner.get(MARKET).content.decode()
    assert owner.post(MARKET, {"version": 1, "do": "defaults"}).status_code == 302
    last = AuditRecord.objects.filter(act="instance.market_changed").latest("id")
    assert last.detail["after"] == record.detail["before"]
    row = InstanceSettings.objects.get()
    assert all(getattr(row, option.name) in (None, "") for option in options.of_section(Section.MARKET))


def test_a_stale_save_is_refused_with_both_values_and_can_be_repeated(owner: Client) -> None:
    second = client_of(staff(handle="second"))
    assert second.post(MARKET, fields(Section.MARKET, claim_days="21")).status_code == 302
    for do in ("save", "defaults"):
        answer = owner.post(MARKET, fields(Section.MARKET, claim_days="30", do=do))
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "21 days" in page
        assert 'name="version" value="1"' in page
        assert f'name="claim_days" value="{30 if do == "save" else 14}"' in page
    assert InstanceSettings.objects.get().claim_days == 21
    assert owner.post(MARKET, fields(Section.MARKET, version=1, claim_days="30")).status_code == 302
    assert AuditRecord.objects.latest("id").detail["before"] == {"claim_days": "21 days"}


def test_a_save_of_another_page_is_no_conflict(owner: Client) -> None:
    assert owner.post(MARKET, fields(Section.MARKET, claim_days="21")).status_code == 302
    place = {"version": 0, "name": "Heron Bay", "rules": "", "accent": "", "registration": "", "do": "save"}
    assert owner.post(f"{_S}/settings", place).status_code == 302
    assert owner.post(MARKET, fields(Section.MARKET, version=1, claim_days="22")).status_code == 302
    row = InstanceSettings.objects.get()
    assert (row.name, row.version, row.claim_days, row.market_version) == ("Heron Bay", 1, 22, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seen", [0, 1])
def test_of_eight_owners_at_once_one_saves(seen: int) -> None:
    if seen:
        decide(Section.MARKET, claim_days=30)
    won: list[int] = []

    def save(number: int) -> None:
        try:
            decide(Section.MARKET, seen=seen, claim_days=number)
            won.append(number)
        except SettingsChanged:
            pass

    at_once([partial(save, number) for number in range(1, 9)])
    row = InstanceSettings.objects.get()
    assert [row.claim_days] == won
    assert AuditRecord.objects.filter(act="instance.market_changed").count() == seen + 1


# What follows: limits


@pytest.mark.parametrize(
    ("option", "policy", "seconds"),
    [
        ("messages_per_minute", "messages.member", 60),
        ("requests_per_hour", "friends.member", 3600),
        *((f"chats_{level}", f"begun.{level}", 86_400) for level in ("new", "basic", "known")),
        *((f"items_{level}", f"offered.{level}", 86_400) for level in ("new", "basic", "known")),
    ],
)
def test_a_limit_is_the_one_that_is_counted(option: str, policy: str, seconds: int) -> None:
    queries.hold(queries.Settings(), seconds=60)
    assert limits.most(policy) == queries.default_of(option)
    queries.hold(queries.Settings(options={option: 11}), seconds=60)
    assert limits.most(policy) == 11
    assert limits.POLICIES[policy].item.get_expiry() == seconds
    for _ in range(11):
        limits.check(policy, "alice")
    with pytest.raises(RateLimited):
        limits.check(policy, "alice")
    # What was done before the change counts after it.
    queries.hold(queries.Settings(options={option: 12}), seconds=60)
    limits.check(policy, "alice")
    with pytest.raises(RateLimited):
        limits.check(policy, "alice")


def test_every_limit_lets_members_go_on_and_stops_a_flood() -> None:
    for option in options.of_section(Section.LIMITS):
        assert option.low >= 1
        assert option.high <= 20 * int(queries.default_of(option.name)) or option.high <= 10_000


def test_members_known_longer_may_not_do_less(owner: Client) -> None:
    page = PAGES[Section.LIMITS]
    answer = owner.post(page, fields(Section.LIMITS, chats_new="60", items_known="7", media_quota_mb="77"))
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_chats_basic_error1"' in shown
    assert 'id="id_items_known_error1"' in shown
    assert "not be less than 60" in shown
    assert 'value="77"' in shown
    with pytest.raises(InvalidInput, match="less than 60"):
        decide(Section.LIMITS, chats_new=60)
    assert owner.post(page, fields(Section.LIMITS, chats_new="50", chats_basic="50")).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_sockets_go_on_with_what_was_known_while_a_thread_reads() -> None:
    """On the event loop nothing may wait for the database, and Django refuses it there."""
    queries.hold(queries.Settings(options={"messages_per_minute": 20}), seconds=0.0)
    decide(Section.LIMITS, messages_per_minute=30)
    queries.hold(queries.Settings(options={"messages_per_minute": 20}), seconds=0.0)

    async def frames() -> list[int]:
        seen = [port.number("messages_per_minute") for _ in range(3)]
        assert queries._renewal is not None
        await queries._renewal
        # The thread would take its connection with it.
        await hub.read(connections.close_all)
        return [*seen, port.number("messages_per_minute")]

    assert asyncio.run(frames()) == [20, 20, 20, 30]


# What follows: retention


def past(days: float) -> Any:
    return clock.now() - timedelta(days=days)


@pytest.fixture
def notices(db: None) -> UUID:
    """A member with notices of 10, 50, 100 and 400 days ago, half of them read; returns whose they are."""
    alice = members.alice()
    for days in (10, 50, 100, 400):
        # As they were made then: a notice is never younger than its key.
        Notification.objects.create(
            id=ids.first_at(past(days)),
            member=alice,
            kind=Kind.SECURITY,
            target=f"/{days}",
            created_at=past(days),
            read_at=past(1) if days in (50, 400) else None,
        )
    return alice.pk


RETENTION = PAGES[Section.RETENTION]


def left() -> set[str]:
    return set(Notification.objects.values_list("target", flat=True))


def test_every_time_has_its_count() -> None:
    assert set(retention.OUTDATED) == {option.name for option in options.of_section(Section.RETENTION)}


def test_a_shorter_time_shows_first_what_it_deletes(owner: Client, notices: UUID) -> None:
    sent = fields(Section.RETENTION, notice_days="60", login_log_days="200")
    page = owner.post(RETENTION, sent).content.decode()
    assert "This deletes what is older" in page
    assert "2 notices" in page
    assert "security events</dd>" not in page
    assert 'value="200"' in page
    assert not InstanceSettings.objects.exists()
    # Agreed was to 60 days, and not to fewer.
    page = owner.post(RETENTION, sent | {"agreed": "notice_days=60", "notice_days": "40"}).content.decode()
    assert "3 notices" in page
    assert not InstanceSettings.objects.exists()
    assert len(left()) == 4
    assert owner.post(RETENTION, sent | {"agreed": "notice_days=60"}).status_code == 302
    record = AuditRecord.objects.get(act="instance.retention_changed")
    assert record.detail["before"] == {"login_log_days": "180 days", "notice_days": "365 days"}
    assert record.detail["after"] == {"login_log_days": "200 days", "notice_days": "60 days"}
    for step in (1, 1, 0):
        assert tell.forget_old(limit=1) == step
    assert left() == {"/10", "/50"}
    # A longer time asks nothing and deletes nothing; the defaults are shorter for the log.
    assert "This deletes" in owner.post(RETENTION, {"version": 1, "do": "defaults"}).content.decode()
    longer = fields(Section.RETENTION, version=1, notice_days="365", login_log_days="200")
    assert owner.post(RETENTION, longer).status_code == 302
    assert tell.forget_old() == 0


def test_a_stale_agreement_saves_nothing(owner: Client, notices: UUID) -> None:
    second = client_of(staff(handle="second"))
    assert second.post(RETENTION, fields(Section.RETENTION, evidence_days="365")).status_code == 302
    sent = fields(Section.RETENTION, notice_days="60", evidence_days="365", agreed="notice_days=60")
    assert owner.post(RETENTION, sent).status_code == 409
    assert InstanceSettings.objects.get().notice_days is None


@pytest.mark.django_db
def test_the_log_is_kept_for_as_long_as_owners_say() -> None:
    for days in (20, 40, 200):
        LoginActivity.objects.create(path=f"/{days}", created_at=past(days), outcome="success")
    assert forget_log()["sign-ins"] == 1
    decide(Section.RETENTION, login_log_days=30)
    assert retention.OUTDATED["login_log_days"](timedelta(days=30))[0] == (1, "sign-ins")
    # What is deleted is read anew and not from the copy of the pages.
    assert forget_log()["sign-ins"] == 1


@pytest.mark.django_db
def test_evidence_and_findings_are_kept_for_as_long_as_owners_say() -> None:
    alice, bob = members.alice(), members.bob()
    case = Case(about=alice, target="member", target_id=alice.pk, state="dismissed", report_count=1)
    case.decided_at = past(200)
    case.save()
    Finding.objects.create(key="old", member=bob, place="items", kind="word", created_at=past(100))
    assert automod.forget_old() == 0
    decide(Section.RETENTION, evidence_days=365, finding_days=90)
    assert reports.forget_old() == 0
    assert automod.forget_old() == 1
    decide(Section.RETENTION, seen=1, evidence_days=180)
    assert reports.forget_old() == 1


# What follows: the market


@pytest.mark.django_db
def test_an_order_keeps_the_commission_and_the_days_of_its_moment() -> None:
    alice, bob = trader("alice"), trader("bob")
    first = begin(bob, offer(alice, price=10_000))
    decide(Section.MARKET, market_commission=2_000, claim_days=3)
    queries.forget()
    pay(first)
    use_card(first)
    second = begin(bob, offer(alice, price=10_000))
    decide(Section.MARKET, seen=1, market_commission=0, claim_days=180)
    queries.forget()
    pay(second)
    use_card(second)
    old, new = first.parts.get(), second.parts.get()
    assert [(old.fee_minor, old.claim_days), (new.fee_minor, new.claim_days)] == [(500, 14), (2_000, 3)]
    for each in (old, new):
        assert Share.objects.get(reference=each.share_reference).fee_minor == each.fee_minor
        orders.ship(seller_id=alice.pk, number=each.number, carrier="Post", tracking="")
        orders.confirm(buyer_id=bob.pk, number=each.number)
        each.refresh_from_db()
    settle_down()
    assert balance("fees") == 2_500
    clock.shift(5 * 86_400_000)
    assert [refusal_for(old), refusal_for(new)] == [None, Refusal.TOO_LATE]

"""Every figure of a week equals what its definition gives when it is computed by hand."""

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from beyou.analytics import interest, queries, services
from beyou.analytics.models import DayFigure, ItemDay
from beyou.analytics.rules import SECTION_OF, SECTIONS, Period
from beyou.core import clock
from beyou.users.models import LoginActivity, User
from beyou.users.rules import Level
from tests.analytics.world import MONDAY, SUNDAY, at, look, sign_in, week
from tests.factories import members
from tests.factories.members import client_of, staff
from tests.orders.world import buy, offer, trader

WEEK = Period(MONDAY, SUNDAY)
EXPECTED = {
    "sign_in.tries": "5",
    "sign_in.success": "60.0 %",  # 3 of 5
    "sign_in.people": "0.3",  # alice and bob on Monday: 2 in 7 days
    "sign_in.limited": "1",
    "sign_in.decoy": "1",
    "members.joined": "5",  # alice, bob, carol, dana; erin
    "members.activated": "0.0 %",  # Of vera and fay, whose week was over on Monday, none wrote or bought.
    "members.active": "0.4",  # alice and bob on Monday, carol on Tuesday: 3 in 7 days
    "messages.sent": "4",
    "messages.end_to_end": "0.0 %",
    "messages.writers": "0.3",
    "messages.conversations": "0.1",
    "market.views": "4",  # the lamp by bob, bob and carol, the chair by carol
    "market.carts": "3",
    "market.begun": "3",
    "market.paid": "50.0 %",  # 2 of 4 looks
    "market.left": "33.3 %",  # 1 of 3
    "payments.settled": "66.7 %",  # 2 of 3; one card was declined
    "payments.seconds": "30 s",  # the lower of 30 s and 90 s
    "market.revenue": "€23.50",  # 28.50 + 44.50 − 44.50 − 5.00
    "verification.asked": "2",
    "verification.decided": "1",
    "verification.approved": "100.0 %",
    "verification.seconds": "1 d 1 h",  # Monday 10:00 to Tuesday 11:00
    "verification.reversed": "1",
    "claims.opened": "1",
    "claims.ended": "1",
    "claims.by_staff": "0.0 %",
    "claims.seconds": "2 h",
}


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def people(transactional_db: None, folder: Path) -> dict[str, User]:
    found = week(folder)
    at(7, 1)
    assert services.roll_up() == 15  # From the Monday on which the first joined until today.
    return found


def shown(period: Period) -> dict[str, str]:
    found = {}
    for section in SECTIONS:
        for figure in queries.overview(section, period).figures:
            found[figure.measure.name] = figure.shown
    return found


def test_every_figure_of_the_week_is_what_it_says(people: dict[str, User]) -> None:
    found = shown(WEEK)
    chain = {name: found.pop(name) for name in list(found) if name.startswith("chain.")}
    assert found == EXPECTED
    # Sealed on Monday: two that begin the log, four messages, and that an order was placed and paid.
    assert (chain["chain.entries"], chain["chain.runs"], chain["chain.alarms"]) == ("8", "0", "0")
    # Counting everything again gives the same.
    DayFigure.objects.all().delete()
    services.roll_up()
    assert shown(WEEK) | chain == EXPECTED | chain
    # And so does what only the last days are counted again for.
    services.roll_up()
    assert shown(WEEK) | chain == EXPECTED | chain


def test_the_week_before_and_the_days(people: dict[str, User]) -> None:
    found = {each.measure.name: each for each in queries.overview(SECTION_OF["members"], WEEK).figures}
    joined = found["members.joined"]
    assert (joined.before, joined.change) == ("2", 150)
    assert [bar.value for bar in joined.bars] == [4, 1, 0, 0, 0, 0, 0]
    market = {each.measure.name: each for each in queries.overview(SECTION_OF["market"], WEEK).figures}
    assert [bar.value for bar in market["market.revenue"].bars] == [2850, 4450, -4450, -500, 0, 0, 0]
    # The one who joined on the Monday, wrote or bought within seven days: alice, bob and carol of four.
    after = {
        each.measure.name: each
        for each in queries.overview(
            SECTION_OF["members"], Period(SUNDAY, SUNDAY + dt.timedelta(days=1))
        ).figures
    }
    assert after["members.activated"].shown == "75.0 %"


def test_who_comes_back_is_told_of_five_or_more(people: dict[str, User]) -> None:
    kept = queries.overview(SECTION_OF["members"], Period(MONDAY, SUNDAY)).kept
    # Those of the week: alice, bob and carol of the five were active in it.
    assert [(each.monday, each.joined, each.weeks[0]) for each in kept] == [
        (MONDAY, 5, "60.0"),
        (MONDAY - dt.timedelta(days=7), 2, None),
    ]


def test_a_seller_sees_the_same_week(people: dict[str, User]) -> None:
    found = queries.dashboard(people["alice"].pk, WEEK)
    totals = found.totals
    assert totals.revenue_words == "€23.50"
    assert (totals.sales, totals.buyers, totals.views, totals.carts) == (2, 2, 4, 3)
    assert totals.sale_share == "50.0"
    assert [(line.title, line.views, line.carts, line.units, line.goods_minor) for line in found.items] == [
        ("Oak chair", 1, 1, 1, 4000),
        ("Brass lamp", 3, 1, 1, 2400),
        ("Blue vase", 0, 1, 0, 0),
    ]
    assert found.coming == []
    assert queries.to_do(people["alice"].pk) == []
    assert found.before.revenue == {}
    nobody = queries.dashboard(people["bob"].pk, WEEK)
    assert (nobody.totals.revenue_words, nobody.totals.sales, nobody.items) == ("€0.00", 0, [])


def test_an_erased_sellers_looks_are_gone(people: dict[str, User]) -> None:
    from beyou.core import personal

    assert ItemDay.objects.filter(seller=people["alice"]).exists()
    personal.erase_rows("analytics", people["alice"].pk)
    assert not ItemDay.objects.filter(seller=people["alice"]).exists()


# Pages


@pytest.fixture
def alice(db: None) -> User:
    return trader("alice")


def test_the_page_says_what_waits(alice: User) -> None:
    bob = trader("bob")
    buy(bob, offer(alice, "Brass lamp"))
    client = client_of(alice)
    page = client.get("/selling").content.decode()
    assert "1 order to send" in page
    assert "The first by" in page
    assert "Yours when it is sent" in page
    clock.shift(6 * 86_400_000)
    assert "Late since" in client.get("/selling").content.decode()


def test_a_new_seller_reads_what_would_stand_there(alice: User) -> None:
    page = client_of(alice).get("/selling").content.decode()
    assert "Nothing waits for you" in page
    assert "Nobody has looked at or bought anything" in page
    assert "€0.00" in page


@pytest.mark.parametrize("days", ["0", "8", "-1", "abc", "10000000000", "7' OR 1=1", "٧"])
def test_other_ranges_are_refused(alice: User, days: str) -> None:
    client = client_of(alice)
    assert client.get("/selling", {"days": days}).status_code == 422
    assert client.get("/selling/items.csv", {"days": days}).status_code == 422
    assert client.get("/api/v1/selling", {"days": days}).status_code == 422
    auditor = client_of(staff(Level.AUDITOR))
    assert auditor.get(f"/{settings.STAFF_PREFIX}/figures/market", {"days": days}).status_code == 422
    assert auditor.get(f"/{settings.STAFF_PREFIX}/figures/market.csv", {"days": days}).status_code == 422


def test_a_file_for_spreadsheets_runs_nothing(alice: User) -> None:
    thing = offer(alice, '=HYPERLINK("http://127.0.0.1","Win")')
    look(trader("bob"), thing.item_id)
    interest.flush()
    response = client_of(alice).get("/selling/items.csv?days=7")
    assert response["Content-Disposition"].startswith('attachment; filename="beyou-items-')
    lines = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))  # type: ignore[arg-type]
    assert lines[0] == ["Item", "Looks", "Into carts", "Sold", "For", "Currency", "Id"]
    assert lines[1][:6] == ['\'=HYPERLINK("http://127.0.0.1","Win")', "1", "0", "0", "0.00", "EUR"]


def test_the_api_tells_the_same(alice: User) -> None:
    buy(trader("bob"), offer(alice, "Brass lamp"))
    body = client_of(alice).get("/api/v1/selling?days=7").json()
    assert body["totals"] == {
        "revenue": [{"currency": "EUR", "minor": 2850}], "sales": 1, "buyers": 1, "views": 0, "carts": 0,
    }  # fmt: skip
    assert [(each["what"], each["count"]) for each in body["to_do"]] == [("order", 1)]
    assert body["revenue_by_day"] == [{"day": clock.now().date().isoformat(), "minor": 2850}]
    assert len(body["coming"]) == 1


def test_everybody_sees_only_their_own(alice: User) -> None:
    buy(trader("bob"), offer(alice, "Brass lamp"))
    page = client_of(trader("carol")).get("/selling").content.decode()
    assert "Brass lamp" not in page
    assert "€0.00" in page


def test_the_page_takes_the_same_statements_for_two_and_for_twenty(alice: User) -> None:
    client, bob = client_of(alice), trader("bob")

    def taken() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/selling?days=365").status_code == 200
        return len(caught)

    for title in ("One", "Two"):
        thing = offer(alice, title)
        look(bob, thing.item_id)
        buy(bob, thing)
        look(bob, offer(alice, "Unsold").item_id)
    interest.flush()
    taken()
    few = taken()
    for number in range(18):
        look(bob, offer(alice, f"Thing {number}").item_id)
    buy(bob, *[offer(alice, f"Sold {number}") for number in range(5)])
    interest.flush()
    assert taken() == few


@pytest.mark.django_db
def test_the_staffs_page_takes_the_same_statements_for_any_period() -> None:
    client = client_of(staff(Level.AUDITOR))
    sign_in(members.bob())
    services.roll_up()
    for section in SECTIONS:
        address = f"/{settings.STAFF_PREFIX}/figures/{section.slug}"
        client.get(address)
        counts = []
        for days in (7, 365):
            with CaptureQueriesContext(connection) as caught:
                page = client.get(address, {"days": days})
            assert page.status_code == 200
            counts.append(len(caught))
        assert counts[0] == counts[1]


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["nothing", "market'--", "MARKET"])
def test_a_section_that_does_not_exist(slug: str) -> None:
    client = client_of(staff(Level.AUDITOR))
    for address in (slug, f"{slug}.csv"):
        assert client.get(f"/{settings.STAFF_PREFIX}/figures/{address}").status_code == 404


@pytest.mark.django_db
def test_the_staffs_file_has_every_day() -> None:
    members.bob()
    sign_in(None, "unknown")
    services.roll_up()
    client = client_of(staff(Level.AUDITOR))
    response = client.get(f"/{settings.STAFF_PREFIX}/figures/sign-in.csv?days=30")
    lines = list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))  # type: ignore[arg-type]
    assert len(lines) == 30
    assert lines[-1]["Day (UTC)"] == clock.now().date().isoformat()
    assert (lines[-1]["sign_in.tries"], lines[-1]["sign_in.outcome unknown"]) == ("1", "1")


@pytest.mark.django_db
def test_sellers_and_categories_of_few_people_are_not_told() -> None:
    alice = trader("alice")
    for number in range(4):
        buy(trader(f"buyer{number}"), offer(alice))
    today = clock.now().date()
    period = Period(today, today)
    tables = queries.overview(SECTION_OF["market"], period).tables
    assert [table.rows for table in tables] == [[], []]
    buy(trader("buyer4"), offer(alice))
    branches, sellers = queries.overview(SECTION_OF["market"], period).tables
    assert branches.rows == [("Home and garden", "5")]
    assert sellers.rows == [("@alice", "€142.50")]


@pytest.mark.django_db
def test_nothing_is_counted_before_anybody_joined() -> None:
    assert not LoginActivity.objects.exists()
    assert services.roll_up() == 0
    page = client_of(staff(Level.AUDITOR)).get(f"/{settings.STAFF_PREFIX}/figures").content.decode()
    assert "Nothing is counted yet" in page

"""Shares, changes, medians and bars, by hand and at their edges."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.analytics import rules
from beyou.analytics.rules import Period, Row

DAY = dt.date(2026, 3, 4)


def test_a_period_is_whole_days_and_has_one_before_it() -> None:
    week = Period.ending(DAY, 7)
    assert (week.first, week.length, len(week.days)) == (dt.date(2026, 2, 26), 7, 7)
    assert (week.before.last, week.before.length) == (dt.date(2026, 2, 25), 7)
    assert (week.end - week.start) == dt.timedelta(days=7)
    assert rules.monday_of(DAY) == dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (1, 3, "33.3"),
        (2, 3, "66.7"),
        (1, 8, "12.5"),
        (1, 2000, "0.1"),
        (0, 5, "0.0"),
        (5, 5, "100.0"),
        (0, 0, None),
    ],
)
def test_shares(part: int, whole: int, words: str | None) -> None:
    assert rules.percent(part, whole) == words


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_share_is_the_nearest_tenth(part: int, whole: int) -> None:
    shown = Fraction(rules.percent(part, whole) or "")
    assert abs(shown - Fraction(100 * part, whole)) <= Fraction(1, 20)


def test_changes() -> None:
    assert rules.change(15, 10) == 50
    assert rules.change(0, 10) == -100
    assert rules.change(1, 0) is None
    assert rules.change(Fraction(1, 3), Fraction(1, 3)) == 0


@given(st.lists(st.integers(0, 50), min_size=1))
def test_the_median_is_that_of_the_values_written_out(values: list[int]) -> None:
    counts = {value: values.count(value) for value in values}
    assert rules.median(counts) == sorted(values)[(len(values) - 1) // 2]
    assert rules.median({}) is None
    assert rules.median({90: 0}) is None


def test_bars_fit_and_what_is_little_is_seen() -> None:
    days = [DAY + dt.timedelta(days=each) for each in range(4)]
    found = rules.bars(days, {days[0]: 1000, days[1]: 1, days[2]: -5})
    assert [bar.height for bar in found] == [100, 2, 0, 0]
    assert [bar.y for bar in found] == [0, 98, 100, 100]
    assert all(bar.height == 0 for bar in rules.bars(days, {}))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
        (86_399, "23 h 59 min"),
    ],
)
def test_spans(seconds: int, words: str) -> None:
    assert rules.span_words(seconds) == words


def test_groups_of_few_are_told_together_or_not_at_all() -> None:
    assert rules.with_floor([Row("a", 9, 5), Row("b", 3, 4)]) == [("a", 9)]
    assert rules.with_floor([Row("a", 9, 5), Row("b", 3, 3), Row("c", 2, 2)]) == [("a", 9), (rules.OTHERS, 5)]
    assert rules.with_floor([Row("b", 3, 4)]) == []


def test_every_figure_has_a_meaning_and_a_name_of_its_own() -> None:
    names = [each.name for section in rules.SECTIONS for each in section.measures]
    assert len(set(names)) == len(names)
    assert all(each.means.endswith(".") for section in rules.SECTIONS for each in section.measures)
    assert len({section.slug for section in rules.SECTIONS}) == len(rules.SECTIONS)

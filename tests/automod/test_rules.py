"""Watched words, links, trust and what looks like a scam: pure decisions."""

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.automod import rules
from beyou.automod.rules import Action, Matcher, Place, Trust, Word

EVERYWHERE = frozenset(Place)


def word(pattern: str, action: Action = Action.FLAG, places: frozenset[Place] = EVERYWHERE) -> Word:
    return Word(pattern, pattern, action, places)


def matches(pattern: str, text: str) -> bool:
    return bool(Matcher([word(pattern)]).hits(text))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("scam", "This is a SCAM!"),
        ("scam", "ｓｃａｍ"),
        ("scam", "s\u200bc\u00ada\u2060m"),
        ("scam", "sc\u0430m"),
        ("scam", "s\u0301cäm"),
        ("café", "CAFE"),
        ("cafe", "cafe\u0301"),
        ("straße", "STRASSE"),
        ("easy money", "Easy -- money, today"),
        ("easy money", "easy\nmoney"),
        ("gambl*", "gambling"),
        ("gambl*", "gambl"),
        ("free gambl*", "so free: gamblers"),
        ("赌博", "我们赌博吧"),
        ("scam", "s\ufe0fcam"),
        ("profi", "ﬁ profi"),
        ("fish", "ﬁsh"),
    ],
)
def test_a_watched_word_is_found(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("ass", "a class of assets"),
        ("scam", "scamper"),
        ("easy money", "money easy"),
        ("easy money", "easy with money"),
        ("free gambl*", "gambling free"),
        ("pac", "рас"),  # A Russian word of its own, and not a Latin one in disguise.
        ("赌博", "赌 一 博"),
        ("scam", ""),
        ("a+", "aaaa"),
    ],
)
def test_another_word_is_not(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["", "   ", "*", "a*", "ab*", "w*rd", "word *", "!!!", "x" * 81, "a b c d e f g h i", "\u200b"]
)
def test_a_bad_pattern_is_explained(pattern: str) -> None:
    assert rules.pattern_problem(pattern)


@pytest.mark.parametrize("pattern", ["word", "two words", "stem*", "two stem*", "(a+)+$", "赌*", "x" * 80])
def test_a_good_pattern_is_not(pattern: str) -> None:
    assert not rules.pattern_problem(pattern)


def test_two_patterns_of_one_meaning_are_one() -> None:
    assert rules.plain_pattern("Ｃafé  Noir*") == rules.plain_pattern("cafe noir*") == "cafe noir*"


def test_each_action_and_place_counts_for_itself() -> None:
    only_items = frozenset({Place.ITEMS})
    matcher = Matcher(
        [
            word("one", Action.BLOCK, only_items),
            word("two", Action.HOLD),
            word("three"),
            word("four", Action.CENSOR),
        ]
    )
    found = rules.read(matcher, "one two three four three", Place.ITEMS)
    names = [[each.pattern for each in some] for some in (found.blocked, found.held, found.flagged)]
    assert names == [["one"], ["two"], ["three"]]
    assert found.text == "one two three ■■■■ three"
    assert rules.read(matcher, "one", Place.MESSAGES) == rules.Reading("one")


def test_what_is_censored_stays_as_long_and_overlaps_once() -> None:
    matcher = Matcher([word("bad thing", Action.CENSOR), word("thing here", Action.CENSOR)])
    assert rules.read(matcher, "a bad thing here.", Place.ITEMS).text == "a ■■■ ■■■■■ ■■■■."


@given(st.text(), st.lists(st.text(min_size=1, max_size=12), max_size=8))
def test_no_text_breaks_the_matcher(text: str, patterns: list[str]) -> None:
    good = [word(each, Action.CENSOR) for each in patterns if not rules.pattern_problem(each)]
    matcher = Matcher(good)
    found = rules.read(matcher, text, Place.MESSAGES)
    assert len(found.text) == len(text)
    assert rules.is_censored_copy(text, found.text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in matcher.hits(text))
    if "■" not in text:
        assert not matcher.hits(found.text)


@given(st.text(alphabet="abcxyzäöüéß", min_size=1, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_a_word_is_found_wherever_it_stands(pattern: str, before: str, after: str) -> None:
    assert matches(pattern, f"{before} . {pattern.upper()} . {after}")
    assert matches(pattern, f"{before} . {chr(0x200B).join(pattern)} . {after}")


@given(st.text(alphabet=st.characters(max_codepoint=127)), st.sampled_from(["\u00e9", "x\u0301"]))
def test_both_ways_of_reading_find_the_same_words(text: str, other: str) -> None:
    """Plain ASCII goes a faster way than the rest."""
    slow = [each.text for each in rules.tokens(f"{text} {other}")][:-1]
    assert [each.text for each in rules.tokens(text)] == slow


@pytest.mark.parametrize("copy", ["ＢＵＹ my THING, now!", "buy\u200b my thing now", "Buy my thing... NOW"])
def test_copies_are_the_same_however_they_are_set(copy: str) -> None:
    assert rules.comparable(copy) == rules.comparable("Buy my thing now")


def test_a_long_text_of_traps_takes_no_longer_than_its_length() -> None:
    matcher = Matcher(
        [word("a " * n + "b") for n in range(1, 8)] + [word("aaa" * n + "*") for n in range(1, 26)]
    )
    took = []
    for size in (20_000, 80_000):
        begin = time.perf_counter()
        for text in ("a " * (size // 2), "a" * size, "1" * size, "a@" * (size // 2), "www." * (size // 4)):
            matcher.hits(text)
            rules.contacts_in(text)
            rules.links_in(text)
        took.append(time.perf_counter() - begin)
    assert took[1] < 16 * took[0] + 0.5


def test_a_repeat_is_known_behind_what_was_censored() -> None:
    assert rules.is_censored_copy("a bad b", "a ■■■ b")
    assert not rules.is_censored_copy("a bad b", "a ■■■ c")
    assert not rules.is_censored_copy("a bad", "a ■■■ b")


@pytest.mark.parametrize(
    ("days", "is_verified", "strikes", "level"),
    [
        (0, False, 0, Trust.NEW),
        (1, False, 0, Trust.BASIC),
        (7, False, 0, Trust.KNOWN),
        (30, False, 0, Trust.TRUSTED),
        (0, True, 0, Trust.KNOWN),
        (1, True, 0, Trust.TRUSTED),
        (400, True, 1, Trust.TRUSTED),
        (400, False, 1, Trust.KNOWN),
        (400, True, 9, Trust.NEW),
    ],
)
def test_trust_grows_with_time_and_shrinks_with_strikes(
    days: int, *, is_verified: bool, strikes: int, level: Trust
) -> None:
    assert rules.trust(age=dt.timedelta(days=days), is_verified=is_verified, strikes=strikes) is level


def test_the_staff_are_trusted() -> None:
    assert rules.trust(age=dt.timedelta(0), is_verified=False, strikes=5, is_staff=True) is Trust.TRUSTED


def test_links_are_counted_with_and_without_a_scheme() -> None:
    assert rules.links_in("see https://a.example/x http://b.example www.c.example shop.com and e.g. 3.5") == 4
    assert rules.too_many_links("a.com b.com c.com", Trust.NEW) == 2
    assert rules.too_many_links("a.com b.com", Trust.NEW) is None
    assert rules.too_many_links("a.com " * 500, Trust.TRUSTED) is None


@pytest.mark.parametrize(
    "text",
    [
        "Write to anna.b@mail.example",
        "call +49 170 1234567",
        "０１７０ １２３４５６７",
        "only by Whats\u200bApp",
        "pay by Western Union",
    ],
)
def test_what_leads_away_is_named(text: str) -> None:
    assert rules.contacts_in(text)


@pytest.mark.parametrize("text", ["Size 38, 1990, 2 x 30 cm", "A crypt of a book", "price 1200.50", "a@b"])
def test_what_does_not_is_left_alone(text: str) -> None:
    assert rules.contacts_in(text) == ()


def test_a_price_is_cheap_only_beside_enough_others() -> None:
    assert rules.is_too_cheap(24, [100] * 8)
    assert not rules.is_too_cheap(25, [100] * 8)
    assert not rules.is_too_cheap(1, [100] * 7)

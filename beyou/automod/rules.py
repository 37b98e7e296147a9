"""What watched words match, what looks like a scam, what new members may do. Pure, linear in the text.

Nobody writes a regular expression: a pattern is words, the last of which may end in a star.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final

MOST_LETTERS: Final = 80
MOST_WORDS: Final = 8
#: Watched words that there can be.
MOST_PATTERNS: Final = 1000
NOTE_LENGTH: Final = 200
CENSORED: Final = "■"


class Action(StrEnum):
    """What happens to a text with a watched word, the strictest first."""

    BLOCK = "block"
    HOLD = "hold"
    FLAG = "flag"
    CENSOR = "censor"


#: As the staff read it.
ACTIONS: Final[dict[Action, str]] = {
    Action.BLOCK: "Block: refuse the text",
    Action.HOLD: "Hold: a moderator looks first",
    Action.FLAG: "Flag: publish, and open a report",
    Action.CENSOR: "Censor: put ■ in its place",
}


class Place(StrEnum):
    """Where a watched word is watched for."""

    MESSAGES = "messages"
    ITEMS = "items"
    PROFILES = "profiles"


#: As the staff read it. End-to-end messages are read by nobody but their members.
PLACES: Final[dict[Place, str]] = {
    Place.MESSAGES: "Messages that are not end-to-end encrypted",
    Place.ITEMS: "Items",
    Place.PROFILES: "Profiles",
}


# Letters

#: Cyrillic and Greek letters that look like Latin ones, after case folding.
_LOOK_ALIKES: Final = str.maketrans(
    "\u0430\u0432\u0435\u0451\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03f2",
    "abeekmhopctyxsijhdqw" + "abenikvoptuxc",
)
#: Letters without a picture that Unicode does not call formatting.
_UNSEEN: Final = frozenset(
    [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)]
)
#: Marks from this class on are accents and points above or below a letter; those before belong to scripts
#: in which they tell words apart, such as the voicing of kana.
_ACCENTS_FROM: Final = 10


@lru_cache(maxsize=8192)
def _folded(letter: str) -> str:
    """The letter without case, width, accents or what cannot be seen; nothing for a mark by itself."""
    if ord(letter) in _UNSEEN or unicodedata.category(letter) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", letter).casefold())
    return "".join(each for each in plain if unicodedata.combining(each) < _ACCENTS_FROM)


@lru_cache(maxsize=8192)
def _stands_alone(letter: str) -> bool:
    """Whether the script puts no spaces between words, so that each letter counts as one."""
    point = ord(letter[0])
    return (
        0x0E00 <= point <= 0x0EFF
        or 0x3040 <= point <= 0x30FF
        or 0x3400 <= point <= 0x9FFF
        or (0x20000 <= point <= 0x3FFFF)
    )


_ASCII_WORD: Final = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text as it is compared, and where it stands."""

    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text. Whatever cannot be seen belongs to the word in which it stands."""
    if text.isascii():
        # Most texts: what no letter needs to be looked up for goes at the pace of the interpreter's own code.
        return [Token(each.group(), *each.span()) for each in _ASCII_WORD.finditer(text.lower())]
    found: list[Token] = []
    word: list[str] = []
    start = end = 0

    def close() -> None:
        if word:
            found.append(Token(_latin("".join(word)), start, end))
            word.clear()

    for at, letter in enumerate(text):
        plain = _folded(letter)
        if not plain:
            end = at + 1 if word else end
        elif not _is_of_a_word(plain):
            close()
        elif _stands_alone(plain):
            close()
            found.append(Token(plain, at, at + 1))
        else:
            start = start if word else at
            word.append(plain)
            end = at + 1
    close()
    return found


def _is_of_a_word(plain: str) -> bool:
    return all(each.isalnum() or each == "_" or unicodedata.category(each)[0] == "M" for each in plain)


def _latin(word: str) -> str:
    """A word with a Latin letter in it is read as Latin, since only somebody who hides mixes the scripts."""
    if word.isascii() or not any("a" <= each <= "z" for each in word):
        return word
    return word.translate(_LOOK_ALIKES)


_BETWEEN: Final = re.compile(r"[\W_]+")


def comparable(text: str) -> str:
    """The text as two copies of it are compared: its letters and digits alone."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


# Watched words


@dataclass(frozen=True, slots=True)
class Word:
    """One watched word or phrase as the staff wrote it."""

    key: str
    pattern: str
    action: Action
    places: frozenset[Place]


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern, as a sentence; nothing when it can be watched for."""
    stem = pattern.removesuffix("*")
    words = tokens(stem)
    if len(pattern) > MOST_LETTERS:
        return f"Write up to {MOST_LETTERS} characters."
    if not words:
        return "Write a word or a phrase: there is no letter in this."
    if len(words) > MOST_WORDS:
        return f"Write up to {MOST_WORDS} words."
    if "*" in stem or (pattern.endswith("*") and words[-1].end != len(stem)):
        return "A star stands only at the end, right behind a letter."
    if pattern.endswith("*") and len(words) == 1 and len(words[0].text) < 3 and words[0].text.isascii():
        return "Write at least three letters before the star, or almost everything matches."
    return ""


def plain_pattern(pattern: str) -> str:
    """A pattern as it is compared, so that two of the same meaning are one."""
    words = " ".join(each.text for each in tokens(pattern.removesuffix("*")))
    return words + ("*" if pattern.endswith("*") else "")


@dataclass(frozen=True, slots=True)
class Hit:
    """A watched word and where it stands in the text."""

    word: Word
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    """What follows some words: further words, and the patterns that end here, whole or before a star."""

    further: "dict[str, _Node]" = field(default_factory=dict)
    whole: list[Word] = field(default_factory=list)
    stems: dict[str, list[Word]] = field(default_factory=dict)


class Matcher:
    """Finds any number of watched words in one pass: at each word it walks at most `MOST_WORDS` further."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._root = _Node()
        for word in words:
            self._add(word)

    def _add(self, word: Word) -> None:
        *before, last = [each.text for each in tokens(word.pattern.removesuffix("*"))] or [""]
        node = self._root
        for each in before:
            node = node.further.setdefault(each, _Node())
        if word.pattern.endswith("*"):
            node.stems.setdefault(last, []).append(word)
        elif last:
            node.further.setdefault(last, _Node()).whole.append(word)

    def __bool__(self) -> bool:
        return bool(self._root.further or self._root.stems)

    def hits(self, text: str) -> list[Hit]:
        """Every watched word in the text, in the order in which they begin."""
        if not self:
            return []
        found, words = [], tokens(text)
        for at, first in enumerate(words):
            node: _Node | None = self._root
            for last in words[at : at + MOST_WORDS]:
                if node is None:
                    break
                ending = [word for stem in _stems_of(node, last.text) for word in node.stems[stem]]
                node = node.further.get(last.text)
                ending += node.whole if node else []
                found += [Hit(word, first.start, last.end) for word in ending]
        return found


def _stems_of(node: _Node, text: str) -> Iterable[str]:
    """The beginnings of a word before which a pattern has its star."""
    if not node.stems:
        return ()
    return [text[:n] for n in range(1, min(len(text), MOST_LETTERS * 4) + 1) if text[:n] in node.stems]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the watched words make of one text: the text as it may be stored, and what else follows."""

    text: str
    blocked: tuple[Word, ...] = ()
    held: tuple[Word, ...] = ()
    flagged: tuple[Word, ...] = ()


def read(matcher: Matcher, text: str, place: Place) -> Reading:
    """What happens to a text at that place. Censored words become ■, each letter one."""
    hits = [each for each in matcher.hits(text) if place in each.word.places]
    if not hits:
        return Reading(text)
    by_action = {
        action: tuple(dict.fromkeys(each.word for each in hits if each.word.action is action))
        for action in Action
    }
    return Reading(
        _censored(text, [each for each in hits if each.word.action is Action.CENSOR]),
        by_action[Action.BLOCK],
        by_action[Action.HOLD],
        by_action[Action.FLAG],
    )


def _censored(text: str, hits: Sequence[Hit]) -> str:
    """Overlapping words are one stretch; white space between the words of a phrase stays."""
    parts, done = [], 0
    for hit in hits:
        start = max(hit.start, done)
        if hit.end > start:
            parts += [
                text[done:start],
                "".join(c if c.isspace() else CENSORED for c in text[start : hit.end]),
            ]
            done = hit.end
    return "".join(parts) + text[done:]


def is_censored_copy(text: str, stored: str) -> bool:
    """Whether the stored text can be this one after words in it were censored."""
    return len(text) == len(stored) and all(
        now in (was, CENSORED) for was, now in zip(text, stored, strict=True)
    )


# New members


class Trust(IntEnum):
    """How much a member may do at once."""

    NEW = 0
    BASIC = 1
    KNOWN = 2
    TRUSTED = 3


#: How old an account is at least at each level.
_AGES: Final = ((dt.timedelta(days=30), 3), (dt.timedelta(days=7), 2), (dt.timedelta(days=1), 1))


def trust(*, age: dt.timedelta, is_verified: bool, strikes: int, is_staff: bool = False) -> Trust:
    """Grows with the age of the account; verification counts for two steps, each strike takes one back."""
    if is_staff:
        return Trust.TRUSTED
    by_age = next((level for least, level in _AGES if age >= least), 0)
    return Trust(max(0, min(int(Trust.TRUSTED), by_age + 2 * is_verified - strikes)))


#: How many links one text may have, by trust. None: as many as fit.
MOST_LINKS: Final[dict[Trust, int | None]] = {
    Trust.NEW: 2,
    Trust.BASIC: 5,
    Trust.KNOWN: 20,
    Trust.TRUSTED: None,
}
#: A text with no more needs no look at who wrote it.
FEW_LINKS: Final = min(each for each in MOST_LINKS.values() if each is not None)

#: What members may do only so often in a day until they are trusted; `core.limits` has a policy for each.
LIMITED: Final = ("begun", "offered")


def policy_of(act: str, level: Trust) -> str | None:
    """The policy that counts it; None for whom nothing is counted."""
    assert act in LIMITED, act
    return f"{act}.{level.name.lower()}" if level < Trust.TRUSTED else None


def in_words(seconds: float) -> str:
    """A time to wait, rounded up to what people plan with."""
    minutes = max(1, -(-int(seconds) // 60))
    if minutes < 60:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    hours = -(-minutes // 60)
    return "an hour" if hours == 1 else f"{hours} hours"


_LINK: Final = re.compile(
    r"(?:https?://|www\.)[^\s]|\b[a-z0-9-]{1,63}\.(?:com|net|org|info|biz|shop|xyz|ru|cn|top|link|me|io|app)\b",
    re.IGNORECASE,
)


def links_in(text: str) -> int:
    """How many addresses of the web a text has, with or without a scheme."""
    return sum(bool(_LINK.search(part)) for part in text.split() if "." in part or "://" in part)


def too_many_links(text: str, level: Trust) -> int | None:
    """The number that is allowed when the text has more; None when it may be written."""
    most = MOST_LINKS[level]
    return most if most is not None and links_in(text) > most else None


# What people should look at


class Kind(StrEnum):
    """Why somebody should look."""

    WORD = "word"
    COPIES = "copies"
    CONTACT = "contact"
    CHEAP = "cheap"


#: A text with fewer letters is said to many by anybody.
SHORTEST_COPY: Final = 24
#: Conversations that the same text may go to within a day before somebody looks.
COPIES: Final = 4
#: Offers that a category needs before a price says something.
FEWEST_OFFERS: Final = 8
#: A price below this share of the median looks too good.
CHEAP_SHARE: Final = 0.25

_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2}", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?<![\w.])\+?\d(?:[ ()./-]{0,2}\d){8,14}(?!\w)")
_AWAY: Final = (
    *("whatsapp", "telegram", "signal app", "western union", "moneygram", "gift card", "gift cards"),
    *("bank transfer", "wire transfer", "paypal friends", "friends and family", "cash app", "cashapp"),
    *(
        "zelle",
        "venmo",
        "bitcoin",
        "usdt",
        "crypto",
        "pay outside",
        "outside the platform",
        "advance payment",
    ),
)
_AWAY_MATCHER: Final = Matcher(Word(each, each, Action.FLAG, frozenset({Place.ITEMS})) for each in _AWAY)


def contacts_in(text: str) -> tuple[str, ...]:
    """What in an offer leads away from the place, in words for a person who looks at it."""
    plain = unicodedata.normalize("NFKC", text)
    found = []
    if _MAIL.search(plain):
        found.append("an e-mail address")
    if _PHONE.search(plain):
        found.append("what looks like a phone number")
    words = dict.fromkeys(each.word.pattern for each in _AWAY_MATCHER.hits(plain))
    return (*found, *(f"“{each}”" for each in words))


def median(numbers: Sequence[int]) -> float:
    ordered, half = sorted(numbers), len(numbers) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def is_too_cheap(price: int, others: Sequence[int]) -> bool:
    """Whether a price is far below those of its category, where there are enough to say so."""
    return len(others) >= FEWEST_OFFERS and price < median(others) * CHEAP_SHARE

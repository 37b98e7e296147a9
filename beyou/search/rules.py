"""What counts as a word, and which words are near each other. Pure."""

import re
import unicodedata
from typing import Final

WORD_LENGTH: Final = 32
#: How many words of one question are looked at.
MOST_ASKED: Final = 8
#: How many near words stand in for one that nobody wrote.
MOST_NEAR: Final = 6
#: How many slips of the finger any word may have.
MOST_SLIPS: Final = 2
_WORD: Final = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words in their order, in lower case and without accents, each cut to `WORD_LENGTH`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return [word[:WORD_LENGTH] for word in _WORD.findall(bare)]


def grams(word: str) -> set[str]:
    """The pieces of three signs that near words share; the ends of the word count as a sign of their own."""
    framed = f"^{word}$"
    return {framed[at : at + 3] for at in range(len(framed) - 2)}


def asked_grams(word: str) -> set[str]:
    """The pieces to look for: the word's own, and those with two neighbours swapped, which share few."""
    swapped = (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1))
    return grams(word).union(*map(grams, swapped))


def slips(word: str) -> int:
    """How many slips of the finger a word of this length may have."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else MOST_SLIPS


def near(word: str, candidates: list[str]) -> list[str]:
    """Those of the candidates that somebody who slipped may have meant, the nearest first."""
    most = slips(word)
    rated = [(distance(word, each, most), each) for each in set(candidates)]
    return [each for far, each in sorted(rated) if far <= most][:MOST_NEAR]


def distance(one: str, other: str, most: int) -> int:
    """How many signs must be put, taken, changed or swapped with their neighbour; above `most` just more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, sign in enumerate(one, start=1):
        this = [row]
        for column, against in enumerate(other, start=1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (sign != against))
            if row > 1 and column > 1 and sign == other[column - 2] and one[row - 2] == against:
                cost = min(cost, before[column - 2] + 1)
            this.append(cost)
        if min(this) > most:
            return most + 1
        before, last = last, this
    return last[-1]


#: How much of a word its traces are made of: slips further on change none of them.
_TRACED: Final = 7


def traces(word: str, most: int) -> set[str]:
    """What is left of the beginning of the word after `most` signs at most are struck out.

    Two words that are so many slips apart have one in common: whoever keeps questions under the traces of a
    word finds by those of another which of them may mean it, without a look at all the others.
    """
    found = last = {word[:_TRACED]}
    for _ in range(most):
        last = {each[:at] + each[at + 1 :] for each in last for at in range(len(each))}
        found = found | last
    return found


def beginnings(word: str) -> set[str]:
    """How the last word of a question may begin that goes on to this one."""
    return {word[:length] for length in range(1, _TRACED + 1)}

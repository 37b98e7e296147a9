"""Finding."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from beyou.search.engines import Term, hits
from beyou.search.models import Document, Gram, Word
from beyou.search.rules import MOST_ASKED, MOST_SLIPS, asked_grams, beginnings, near, slips, traces, words

#: How many words with shared pieces are compared sign by sign.
_COMPARED = 400


def matching(kind: str, text: str) -> "QuerySet[Document, Any] | None":
    """The refs of what holds every word of the text, as a subquery; None for a text without words.

    The last word may go on: whoever types finds at once. A word that stands nowhere is taken for those that
    are a slip of the finger away. Three statements at most, whatever the text.
    """
    asked = list(dict.fromkeys(words(text)))[:MOST_ASKED]
    if not asked:
        return None
    found = Document.objects.filter(kind=kind)
    terms = _terms(asked)
    return found.filter(id__in=hits(connection.vendor, terms)).values("ref")


def matching_among(kind: str, text: str, refs: Iterable[UUID]) -> set[UUID]:
    """Those of the refs that `matching` finds. Three statements at most."""
    found = matching(kind, text)
    return set() if found is None else set(found.filter(ref__in=list(refs)).values_list("ref", flat=True))


def asked_keys(text: str) -> set[str]:
    """Under what a question is kept, so that what may answer it finds it by `held_keys`. Nothing for a text
    without words. No statement.
    """
    asked = words(text)[:MOST_ASKED]
    if not asked:
        return set()
    longest = max(asked, key=len)
    return traces(longest, slips(longest))


def held_keys(text: str) -> set[str]:
    """What the keys of a question are among that finds this text. No statement."""
    return {key for word in set(words(text)) for key in traces(word, MOST_SLIPS) | beginnings(word)}


def _terms(asked: list[str]) -> list[Term]:
    known = set(Word.objects.filter(text__in=asked).values_list("text", flat=True))
    last = asked[-1]
    begins = last in known or Word.objects.filter(text__startswith=last).exists()
    unknown = [word for word in asked if word not in known and not (word == last and begins)]
    meant = _near(unknown) if unknown else {}
    return [
        Term(meant[word], is_open=False) if word in meant else Term((word,), is_open=word == last)
        for word in asked
    ]


def _near(unknown: list[str]) -> dict[str, tuple[str, ...]]:
    """word → itself and the words that may have been meant.

    Itself, because a writer may have used it at the moment when it stood nowhere else and was forgotten.
    """
    pieces = {word: asked_grams(word) for word in unknown}
    rows = Gram.objects.filter(gram__in=set().union(*pieces.values())).values_list("word_id", "gram")
    shared: dict[str, set[str]] = defaultdict(set)
    for word, gram in rows:
        shared[word].add(gram)
    found: dict[str, tuple[str, ...]] = {}
    for word, own in pieces.items():
        likely = sorted(shared, key=lambda each: (-len(shared[each] & own), each))[:_COMPARED]
        found[word] = (word, *near(word, likely))
    return found

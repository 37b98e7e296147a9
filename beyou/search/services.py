"""Keeping the index. Called inside the transaction that changes what can be found."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection, transaction

from beyou.search.engines import COMPACT, Term, hits, marked, unmarked
from beyou.search.models import Document, Gram, Word
from beyou.search.rules import grams, words

_AT_ONCE = 500


def put(*, kind: str, ref: UUID, text: str) -> None:
    """The text can be found from now on, and what stood for the ref before cannot."""
    put_many(kind=kind, texts=[(ref, text)])


@transaction.atomic
def put_many(*, kind: str, texts: Sequence[tuple[UUID, str]]) -> None:
    """The same for many at once. A constant number of statements for each five hundred."""
    split = {ref: words(text) for ref, text in texts}
    _learn({word for found in split.values() for word in found})
    Document.objects.filter(kind=kind, ref__in=list(split)).delete()
    rows = (Document(kind=kind, ref=ref, words=marked(found)) for ref, found in split.items())
    Document.objects.bulk_create(rows, batch_size=_AT_ONCE)


def remove(*, kind: str, refs: Iterable[UUID]) -> None:
    """None of the refs can be found any more."""
    Document.objects.filter(kind=kind, ref__in=list(refs)).delete()


@transaction.atomic
def erase(*, kind: str, refs: Iterable[UUID]) -> None:
    """As `remove`, and words that now stand nowhere are forgotten, for they may be somebody's.

    For erasures: it takes a statement for each word, and on SQLite writes the whole index anew.
    """
    documents = Document.objects.filter(kind=kind, ref__in=list(refs))
    found = {
        word for marked_words in documents.values_list("words", flat=True) for word in unmarked(marked_words)
    }
    documents.delete()
    gone = [word for word in sorted(found) if not _stands(word)]
    for at in range(0, len(gone), _AT_ONCE):
        Word.objects.filter(text__in=gone[at : at + _AT_ONCE]).delete()
    if statement := COMPACT.get(connection.vendor):
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _stands(word: str) -> bool:
    return Document.objects.filter(id__in=hits(connection.vendor, [Term((word,), is_open=False)])).exists()


def forget_all(*, kind: str) -> None:
    """Nothing of the kind can be found: the first step of building an index again."""
    Document.objects.filter(kind=kind).delete()


def _learn(found: set[str]) -> None:
    known = set(Word.objects.filter(text__in=found).values_list("text", flat=True))
    # In one order, so that two writers who learn the same words wait for each other and never crosswise.
    new = sorted(found - known)
    Word.objects.bulk_create([Word(text=word) for word in new], ignore_conflicts=True, batch_size=_AT_ONCE)
    pieces = sorted((gram, word) for word in new for gram in grams(word))
    Gram.objects.bulk_create(
        [Gram(gram=gram, word_id=word) for gram, word in pieces], ignore_conflicts=True, batch_size=_AT_ONCE
    )

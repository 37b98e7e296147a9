"""The three full-text engines: the index of each, and how a question is put to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL

#: Stands before every stored word. With it no word is too short for MariaDB, and none is a stop word.
MARK: Final = "zz"


@dataclass(frozen=True, slots=True)
class Term:
    """Words of which a document must hold at least one. With `is_open` the words may go on."""

    words: tuple[str, ...]
    is_open: bool


#: vendor → the statements that build the index, and those that drop it.
INDEX: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "sqlite": (
        (
            (
                "CREATE VIRTUAL TABLE search_fts USING fts5(words, content='search_document',"
                " content_rowid='id', tokenize='unicode61')"
            ),
            (
                "CREATE TRIGGER search_added AFTER INSERT ON search_document BEGIN"
                " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END"
            ),
            (
                "CREATE TRIGGER search_removed AFTER DELETE ON search_document BEGIN"
                " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words); END"
            ),
            (
                "CREATE TRIGGER search_changed AFTER UPDATE ON search_document BEGIN"
                " INSERT INTO search_fts(search_fts, rowid, words) VALUES ('delete', old.id, old.words);"
                " INSERT INTO search_fts(rowid, words) VALUES (new.id, new.words); END"
            ),
        ),
        (
            "DROP TRIGGER search_added",
            "DROP TRIGGER search_removed",
            "DROP TRIGGER search_changed",
            "DROP TABLE search_fts",
        ),
    ),
    "mysql": (
        ("CREATE FULLTEXT INDEX search_words ON search_document (words)",),
        ("DROP INDEX search_words ON search_document",),
    ),
    "postgresql": (
        (
            (
                "ALTER TABLE search_document ADD COLUMN vector tsvector"
                " GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED"
            ),
            "CREATE INDEX search_words ON search_document USING gin (vector)",
        ),
        ("ALTER TABLE search_document DROP COLUMN vector",),
    ),
}

_SELECT: Final[dict[str, str]] = {
    "sqlite": "SELECT rowid FROM search_fts WHERE search_fts MATCH %s",
    "mysql": "SELECT id FROM search_document WHERE MATCH(words) AGAINST (%s IN BOOLEAN MODE)",
    "postgresql": "SELECT id FROM search_document WHERE vector @@ to_tsquery('simple', %s)",
}
#: vendor → what joins the terms, what stands before each, what joins its words, what opens one.
_GRAMMAR: Final[dict[str, tuple[str, str, str, str]]] = {
    "sqlite": (" AND ", "", " OR ", "*"),
    "mysql": (" ", "+", " ", "*"),
    "postgresql": (" & ", "", " | ", ":*"),
}


#: vendor → what takes deleted words out of the pages of the index too. FTS5 only notes that they are gone.
COMPACT: Final[dict[str, str]] = {"sqlite": "INSERT INTO search_fts(search_fts) VALUES ('optimize')"}


def marked(words: Sequence[str]) -> str:
    """The words as they are stored."""
    return " ".join(MARK + word for word in words)


def unmarked(stored: str) -> list[str]:
    """The words of what `marked` made."""
    return [word.removeprefix(MARK) for word in stored.split()]


def question(vendor: str, terms: Sequence[Term]) -> str:
    """The terms in the language of the engine. Words hold letters and digits alone, so nothing is quoted."""
    between, before, either, opened = _GRAMMAR[vendor]
    return between.join(
        f"{before}({either.join(MARK + word + opened * term.is_open for word in term.words)})"
        for term in terms
    )


def hits(vendor: str, terms: Sequence[Term]) -> RawSQL:
    """The ids of the documents that hold every term."""
    return RawSQL(  # noqa: S611  (the text goes in as a parameter)
        _SELECT[vendor], [question(vendor, terms)], output_field=BigIntegerField()
    )

"""Finding by words, on whichever engine; text is committed, since MariaDB indexes what is committed."""

import random
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from beyou.search import queries, rules, services
from beyou.search.engines import Term, question
from beyou.search.models import Gram, Word

TEXTS = {
    "lamp": "Brass desk lamp with a new cable",
    "bike": "Road bicycle, 54 cm, serviced",
    "mug": "Hand-thrown stoneware mug. Über-schön! The best.",
    "book": "A novel in B-flat minor, 2nd edition",
}


@pytest.fixture
def shelf(transactional_db: None) -> dict[UUID, str]:
    refs = {uuid4(): name for name in TEXTS}
    services.put_many(kind="item", texts=[(ref, TEXTS[name]) for ref, name in refs.items()])
    services.put(kind="other", ref=uuid4(), text="Brass lamp of another kind")
    return refs


def _found(shelf: dict[UUID, str], text: str) -> set[str]:
    refs = queries.matching("item", text)
    assert refs is not None
    return {shelf[row["ref"]] for row in refs}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lamp", {"lamp"}),
        ("LAMP brass", {"lamp"}),
        ("lamp bicycle", set()),
        ("bic", {"bike"}),
        ("uber schon", {"mug"}),
        ("ÜBER", {"mug"}),
        ("the", {"mug"}),
        ("a", {"lamp", "book"}),
        ("54", {"bike"}),
        ("b flat", {"book"}),
        ("lmap", {"lamp"}),
        ("bycicle", {"bike"}),
        ("stonware mug", {"mug"}),
        ("servised", {"bike"}),
        ("xylophone", set()),
        ("lamp xylophone", set()),
        ('lamp" OR "mug', set()),
        ("lamp* ( NEAR", set()),
        ("lamp & !mug | :*", set()),
        ("+lamp -brass @ ~ <>", {"lamp"}),
        ("'; DROP TABLE search_document; --", set()),
    ],
)
def test_words_are_found(shelf: dict[UUID, str], text: str, names: set[str]) -> None:
    assert _found(shelf, text) == names


@pytest.mark.parametrize("text", ["", "  ", "!?", "***", "\x00"])
def test_a_text_without_words_asks_for_nothing(db: None, text: str) -> None:
    assert queries.matching("item", text) is None


def test_what_is_put_again_or_removed_is_found_no_more(shelf: dict[UUID, str]) -> None:
    ref = next(ref for ref, name in shelf.items() if name == "lamp")
    services.put(kind="item", ref=ref, text="Copper kettle")
    assert _found(shelf, "brass") == set()
    assert _found(shelf, "kettle") == {"lamp"}
    services.remove(kind="item", refs=[ref])
    assert _found(shelf, "kettle") == set()
    services.forget_all(kind="item")
    assert _found(shelf, "mug") == set()


def test_erasing_forgets_the_words_that_stand_nowhere_else(shelf: dict[UUID, str]) -> None:
    ref = next(ref for ref, name in shelf.items() if name == "lamp")
    services.erase(kind="item", refs=[ref])
    assert _found(shelf, "cable") == set()
    known = set(Word.objects.values_list("text", flat=True))
    assert "cable" not in known
    assert {"brass", "a", "mug"} <= known
    assert not Gram.objects.filter(word__text="cable").exists()
    assert _found(shelf, "mug") == {"mug"}


def test_a_word_that_was_forgotten_while_it_was_written_is_found_all_the_same(shelf: dict[UUID, str]) -> None:
    Word.objects.filter(text="stoneware").delete()
    assert _found(shelf, "stoneware") == {"mug"}


@pytest.mark.django_db
def test_statements_do_not_depend_on_the_text() -> None:
    services.put_many(kind="item", texts=[(uuid4(), text) for text in TEXTS.values()])
    for text in ("lamp", "lmap bycicle stonware servised nvoel", "a b c d e f g h i j k l"):
        with CaptureQueriesContext(connection) as seen:
            list(queries.matching("item", text) or ())
        assert len(seen) <= 4


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_reaches_the_grammar_of_an_engine(text: str) -> None:
    found = rules.words(text)
    assert all(word.isalnum() and len(word) <= rules.WORD_LENGTH for word in found)
    asked = question("postgresql", [Term((word,), is_open=True) for word in found])
    assert all(sign.isalnum() or sign in " &:*()" for sign in asked)


@given(st.text("abcd", min_size=3, max_size=8), st.data())
def test_one_slip_is_always_near(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    slipped = {
        word[:at] + word[at + 1 :],
        word[:at] + "x" + word[at + 1 :],
        word[:at] + "x" + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    }
    assert all(rules.distance(word, each, 2) <= 1 for each in slipped)
    assert all(rules.distance(each, word, 2) == rules.distance(word, each, 2) for each in slipped)


def test_words_that_are_near_share_a_trace() -> None:
    """What a saved question is found by never misses a word that `near` takes for it."""
    dice = random.Random(1)
    letters = "abcdeflmnor"
    for _ in range(4_000):
        asked = "".join(dice.choice(letters) for _ in range(dice.randint(1, 12)))
        held = list(asked)
        for _ in range(dice.randint(0, 2)):
            at = dice.randrange(len(held) + 1)
            match dice.randrange(4):
                case 0:
                    held.insert(at, dice.choice(letters))
                case 1 if at < len(held):
                    held[at] = dice.choice(letters)
                case 2 if at + 1 < len(held):
                    held[at], held[at + 1] = held[at + 1], held[at]
                case _ if at < len(held):
                    del held[at]
        word = "".join(held)
        if word and rules.near(asked, [word]):
            assert queries.asked_keys(asked) & queries.held_keys(word), (asked, word)
        if word.startswith(asked):
            assert queries.asked_keys(asked) & queries.held_keys(word), (asked, word)

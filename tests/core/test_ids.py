"""Identifiers in the order of their making."""

import time

from beyou.core.ids import is_uuid7, uuid7


def test_identifiers_of_one_process_are_in_the_order_in_which_they_were_made() -> None:
    """Lists are paged by them, so that what was written in one millisecond must not be shuffled."""
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(is_uuid7(each) for each in made)
    assert before <= made[0].int >> 80 <= made[-1].int >> 80 <= time.time_ns() // 1_000_000


def test_most_of_an_identifier_is_chance() -> None:
    assert len({uuid7().int & (2**62 - 1) for _ in range(1_000)}) == 1_000

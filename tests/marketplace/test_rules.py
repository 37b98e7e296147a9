"""The states of an offer and its numbers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.marketplace import rules
from beyou.marketplace.rules import TRANSITIONS, Actor, State, Step, after, fee_of, shown


def test_only_declared_steps_can_be_taken() -> None:
    possible = {
        (state, step, actor)
        for state, step, actor in itertools.product(State, Step, Actor)
        if after(state, step, actor) is not None
    }
    assert possible == {(state, step, actor) for (state, step), (actor, _) in TRANSITIONS.items()}


def test_reserved_is_never_stored() -> None:
    assert all(then is not State.RESERVED for _, then in TRANSITIONS.values())
    assert all(state is not State.RESERVED for state, _ in TRANSITIONS)


def test_sellers_cannot_undo_what_staff_did() -> None:
    assert all(after(State.INACTIVE_STAFF, step, Actor.SELLER) is None for step in Step)
    assert after(State.INACTIVE_STAFF, Step.RESTORE, Actor.STAFF) is State.INACTIVE_SELLER


def test_every_state_but_reserved_is_reached_and_left() -> None:
    reached = {then for _, then in TRANSITIONS.values()}
    assert reached == set(State) - {State.RESERVED}
    assert {state for state, _ in TRANSITIONS} == reached


@pytest.mark.parametrize(
    ("state", "stock", "held", "seen"),
    [
        (State.AVAILABLE, 1, 0, State.AVAILABLE),
        (State.AVAILABLE, 1, 1, State.RESERVED),
        (State.AVAILABLE, 5, 4, State.AVAILABLE),
        (State.AVAILABLE, 5, 5, State.RESERVED),
        (State.SOLD, 0, 0, State.SOLD),
        (State.INACTIVE_SELLER, 1, 1, State.INACTIVE_SELLER),
        (State.DRAFT, 1, 1, State.DRAFT),
    ],
)
def test_an_offer_is_reserved_when_every_unit_is_held(
    state: State, stock: int, held: int, seen: State
) -> None:
    assert shown(state, stock=stock, held=held) is seen


@given(st.integers(0, rules.MOST_PRICE), st.integers(0, 5000))
def test_the_fee_is_whole_and_never_above_its_share(amount: int, basis_points: int) -> None:
    fee = fee_of(amount, basis_points)
    assert 0 <= fee * 10_000 <= amount * basis_points < (fee + 1) * 10_000


def test_prices_have_bounds() -> None:
    assert [rules.is_price(minor) for minor in (-1, 0, 1, rules.MOST_PRICE, rules.MOST_PRICE + 1)] == [
        False, False, True, True, False,
    ]  # fmt: skip

"""Orders as pure decisions: no step leads where it must not, and sums are exact."""

import datetime as dt
from itertools import pairwise, product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beyou.orders import rules
from beyou.orders.rules import (
    Actor,
    AttemptState,
    OrderState,
    OrderStep,
    Progress,
    State,
    Step,
    Verdict,
)

#: A loaded machine makes inputs slowly, which says nothing about the rules.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
_price, _quantity = st.integers(1, 10**9), st.integers(1, rules.MOST_OF_ONE)
_lines = st.lists(st.tuples(_price, _quantity), min_size=1, max_size=20)


@_patient
@given(st.lists(st.tuples(_lines, st.integers(0, 10**6)), min_size=1, max_size=8))
def test_an_order_costs_exactly_what_its_parts_and_lines_cost(
    parts: list[tuple[list[tuple[int, int]], int]],
) -> None:
    sums = [rules.sum_of(lines, delivery) for lines, delivery in parts]
    one_by_one = sum(delivery for _, delivery in parts)
    for lines, _ in parts:
        for unit, quantity in lines:
            for _ in range(quantity):
                one_by_one += unit
    assert rules.total_of(sums) == sum(each.total_minor for each in sums) == one_by_one


_STRANGE = ["abc", "", " ", "0", "00", "-1", "+1", "1.0", "1e3", "1_0", "1000", str(10**9), "NaN"]
_STRANGE += ["٣", "²", "\0", "1\0", "9" * 5000]


@pytest.mark.parametrize("text", _STRANGE)
def test_nobody_buys_a_strange_quantity(text: str) -> None:
    assert rules.read_quantity(text) is None


@_patient
@given(st.integers(1, rules.MOST_OF_ONE))
def test_a_plain_number_is_itself(number: int) -> None:
    assert rules.read_quantity(f" {number} ") == number


@_patient
@given(st.text())
def test_whatever_is_typed_is_a_small_number_or_none(text: str) -> None:
    assert rules.read_quantity(text) in {None, *range(1, rules.MOST_OF_ONE + 1)}


def test_a_hold_ends_at_its_last_moment() -> None:
    until = NOW + rules.HOLD
    assert rules.is_held(until, NOW)
    assert rules.is_held(until, until - dt.timedelta(microseconds=1))
    assert not rules.is_held(until, until)
    assert not rules.is_held(None, NOW)
    assert rules.extended(until) - NOW == dt.timedelta(minutes=30)


def test_delivery_costs_what_all_things_together_cost_in_one_way() -> None:
    assert rules.ways([{"Parcel": 450, "By hand": 0}]) == [rules.Way("By hand", 0), rules.Way("Parcel", 450)]
    assert rules.ways([{"Parcel": 450, "By hand": 0}, {"Parcel": 200}]) == [rules.Way("Parcel", 650)]
    assert rules.ways([{"Parcel": 450}, {"Letter": 120, "By hand": 300}]) == [
        rules.Way(rules.EACH_ITS_OWN, 570)
    ]
    assert rules.ways([]) == rules.ways([{}]) == []


_walk = st.lists(st.tuples(st.sampled_from(Step), st.sampled_from(Actor)), max_size=30)


@_patient
@given(_walk)
def test_no_walk_leaves_an_end_or_reaches_delivery_unpaid(walk: list[tuple[Step, Actor]]) -> None:
    states = [State.PENDING]
    for step, actor in walk:
        states.append(rules.after(states[-1], step, actor) or states[-1])
    for before, now in pairwise(states):
        assert before not in rules.ENDED or now is before
        assert now is not State.SHIPPED or before in (State.PAID, State.SHIPPED)
    if State.DELIVERED in states or State.REFUNDED in states:
        assert State.PAID in states
    assert not {State.PAID, State.CANCELLED} <= set(states)


@_patient
@given(st.lists(st.tuples(st.sampled_from(OrderStep), st.sampled_from(Actor)), max_size=30))
def test_an_order_is_paid_only_by_the_gateway_and_then_stays_paid(
    walk: list[tuple[OrderStep, Actor]],
) -> None:
    state = OrderState.PENDING
    for step, actor in walk:
        found = rules.order_after(state, step, actor)
        if found is OrderState.PAID:
            assert (state, actor) == (OrderState.PAYING, Actor.GATEWAY)
        assert found is None or state in rules.OPEN
        state = found or state


def test_each_end_can_be_reached_and_each_step_is_somebodys() -> None:
    reached, last = {State.PENDING}, set()
    while reached != last:
        last = set(reached)
        for state, step, actor in product(last, Step, Actor):
            if (found := rules.after(state, step, actor)) is not None:
                reached.add(found)
    assert reached == set(State)
    for step in Step:
        assert any(rules.after(state, step, actor) for state, actor in product(State, Actor)), step


def test_nobody_takes_a_step_of_somebody_else() -> None:
    mine = {
        actor: {step for state, step in product(State, Step) if rules.after(state, step, actor)}
        for actor in Actor
    }
    assert mine[Actor.SELLER] == {Step.SHIP, Step.CORRECT, Step.CALL_OFF, Step.REFUND}
    assert mine[Actor.BUYER] == {Step.CANCEL, Step.CONFIRM, Step.CALL_OFF, Step.DISPUTE, Step.RELEASE}
    assert mine[Actor.GATEWAY] == {Step.SETTLE}
    # For a side whose account is erased.
    gone = {Step.REFUND, Step.RELEASE}
    assert mine[Actor.CLOCK] == {Step.CANCEL, Step.CONFIRM, Step.CALL_OFF} | gone
    assert mine[Actor.STAFF] == {Step.REFUND, Step.RELEASE}


def test_a_buyer_steps_back_only_from_a_late_seller() -> None:
    def may(now: dt.datetime) -> bool:
        return Step.CALL_OFF in rules.steps_of(State.PAID, Actor.BUYER, now=now, ship_by=NOW)

    assert not may(NOW - dt.timedelta(seconds=1))
    assert may(NOW)
    assert Step.CALL_OFF in rules.steps_of(State.PAID, Actor.SELLER, now=NOW, ship_by=NOW + rules.SHIP_WITHIN)
    assert not rules.is_given_up(NOW, NOW + dt.timedelta(days=8))
    assert rules.is_given_up(NOW, NOW + dt.timedelta(days=9))


@pytest.mark.parametrize("state", [state for state in OrderState if state is not OrderState.PAID])
def test_an_unpaid_order_is_called_what_it_is(state: OrderState) -> None:
    assert rules.progress(state, [State.PENDING]) == state.value


@_patient
@given(st.lists(st.sampled_from([s for s in State if s not in (State.PENDING, State.CANCELLED)]), min_size=1))
def test_a_paid_order_is_called_after_the_part_with_most_to_do(parts: list[State]) -> None:
    found = rules.progress(OrderState.PAID, parts)
    assert found.value in {part.value for part in parts}
    assert (found is Progress.DISPUTED) == (State.DISPUTED in parts)
    if found is Progress.REFUNDED:
        assert set(parts) == {State.REFUNDED}


_first, _second = UUID(int=1), UUID(int=2)


def test_shares_of_two_tries_or_two_sellers_are_never_the_same() -> None:
    found = {rules.share_reference(a, b) for a, b in product((_first, _second), (UUID(int=3), UUID(int=4)))}
    assert len(found) == 4
    assert rules.share_reference(_first, _second) == rules.share_reference(_first, _second)


def test_a_success_counts_once_for_the_awaited_try_while_things_are_held() -> None:
    for attempt, order, is_current, is_held in product(
        AttemptState, OrderState, (True, False), (True, False)
    ):
        found = rules.judge_success(attempt, order, is_current=is_current, is_held=is_held)
        if found is Verdict.ACCEPT:
            assert (attempt, order, is_current, is_held) == (
                AttemptState.STARTED,
                OrderState.PAYING,
                True,
                True,
            )
        if attempt in (AttemptState.DROPPED, AttemptState.FAILED):
            assert found is Verdict.RETURN
        if attempt in (AttemptState.SETTLED, AttemptState.RETURNED):
            assert found is Verdict.KNOWN


def test_every_state_and_reason_has_words() -> None:
    assert set(rules.PROGRESS_WORDS) == set(Progress)
    assert rules.failure_words("invented_tomorrow") == "The payment did not work."

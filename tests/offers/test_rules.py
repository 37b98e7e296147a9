"""Offers and discounts as pure decisions: who may answer, and sums that are exact."""

import datetime as dt
from itertools import product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beyou.marketplace.rules import MOST_PERCENT, Terms, percent_of, terms_problems
from beyou.offers import rules
from beyou.offers.rules import Agreed, Coupon, Kind, Reduction, Side, State, Step, Thing
from beyou.orders.rules import in_one_parcel, sum_of, ways

_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
_things = st.lists(st.tuples(st.integers(1, 10**8), st.integers(1, 999)), min_size=1, max_size=8).map(
    lambda pairs: [Thing(UUID(int=place), unit, many) for place, (unit, many) in enumerate(pairs, 1)]
)
_terms = st.builds(
    Terms, bundle_from=st.sampled_from([0, 2, 3, 20]), bundle_percent=st.integers(1, MOST_PERCENT)
)
_amounts = st.builds(Reduction, amount_minor=st.integers(1, 10**8), minimum_minor=st.integers(0, 10**8))
_shares = st.builds(Reduction, percent=st.integers(1, MOST_PERCENT), minimum_minor=st.integers(0, 10**8))
_coupons = st.none() | st.builds(Coupon, st.just(UUID(int=99)), st.just("A voucher"), _amounts | _shares)


@st.composite
def _baskets(draw: st.DrawFn) -> tuple[list[Thing], list[Agreed]]:
    things = draw(_things)
    agreed = []
    for place in range(draw(st.integers(0, 3))):
        some = draw(st.lists(st.sampled_from(things), min_size=1, unique=True))
        most = sum(thing.unit_minor for thing in some)
        price = draw(st.integers(1, most))
        agreed.append(Agreed(UUID(int=1000 + place), price, tuple(thing.variant_id for thing in some)))
    return things, agreed


@_patient
@given(_baskets(), _terms, _coupons, st.integers(0, 10**6))
def test_what_is_taken_off_is_whole_and_leaves_something_to_pay(
    basket: tuple[list[Thing], list[Agreed]], terms: Terms, coupon: Coupon | None, delivery: int
) -> None:
    things, agreed = basket
    found = rules.discounts_of(things, agreed, terms, coupon)
    amounts = [each.amount_minor for each in found]
    cost = sum_of([(each.unit_minor, each.quantity) for each in things], delivery, amounts)
    goods = sum(each.unit_minor for each in things for _ in range(each.quantity))
    assert cost.total_minor == goods - sum(amounts) + delivery
    assert 0 <= cost.discount_minor < cost.goods_minor == goods
    assert all(type(amount) is int and amount >= 0 for amount in amounts)
    assert [each.kind for each in found] == sorted((each.kind for each in found), key=list(Kind).index)
    assert rules.discounts_of(things, agreed, terms, coupon) == found


@_patient
@given(_baskets(), _terms, _coupons)
def test_an_agreed_price_is_what_its_things_cost(
    basket: tuple[list[Thing], list[Agreed]], terms: Terms, coupon: Coupon | None
) -> None:
    things, agreed = basket
    prices = {each.variant_id: each.unit_minor for each in things}
    found = {each.reference: each for each in rules.discounts_of(things, agreed, terms, coupon)}
    units = {each.variant_id: each.quantity for each in things}
    for each in rules.applying(things, agreed):
        listed = sum(prices[variant_id] for variant_id in each.variant_ids)
        assert listed - found[each.id].amount_minor == each.price_minor
        for variant_id in each.variant_ids:
            units[variant_id] -= 1
    assert min(units.values()) >= 0, "no unit counts for two agreements"


@_patient
@given(st.integers(0, 10**12), st.integers(0, 100))
def test_a_share_is_rounded_down_by_less_than_a_unit(amount: int, percent: int) -> None:
    assert 0 <= amount * percent - percent_of(amount, percent) * 100 < 100


def test_what_is_taken_off_by_hand() -> None:
    lamp, mug, pot = (Thing(UUID(int=n), price, 1) for n, price in ((1, 2400), (2, 999), (3, 1501)))
    terms = Terms(bundle_from=2, bundle_percent=10)
    deal = Agreed(UUID(int=7), 2000, (lamp.variant_id,))
    coupon = Coupon(UUID(int=8), "Voucher", Reduction(amount_minor=500, minimum_minor=2000))
    found = [
        (each.kind, each.amount_minor) for each in rules.discounts_of([lamp, mug, pot], [deal], terms, coupon)
    ]
    # 24.00 → 20.00; 10 % of 25.00 is 2.50; 22.50 is enough for five off.
    assert found == [(Kind.OFFER, 400), (Kind.BUNDLE, 250), (Kind.VOUCHER, 500)]
    alone = rules.discounts_of([lamp, mug], [deal], terms, coupon)
    assert [each.kind for each in alone] == [Kind.OFFER]
    assert rules.discounts_of([mug, pot], [deal], Terms(), None) == []


def test_a_voucher_leaves_one_unit_and_knows_its_minimum() -> None:
    assert rules.taken_off(500, Reduction(amount_minor=500)) == 499
    assert rules.taken_off(0, Reduction(amount_minor=500)) == 0
    assert rules.taken_off(1999, Reduction(percent=10, minimum_minor=2000)) == 0
    assert rules.taken_off(2009, Reduction(percent=10, minimum_minor=2000)) == 200


def test_an_offer_ends_at_its_last_moment() -> None:
    for state in State:
        early = rules.shown(state, NOW, NOW - dt.timedelta(microseconds=1))
        late = rules.shown(state, NOW, NOW)
        assert early is state
        assert late is (State.LAPSED if state in rules.LIVE else state)


def test_who_is_asked_answers_and_an_agreement_binds_the_seller_alone() -> None:
    for state, turn, side in product(State, Side, Side):
        may = rules.steps_of(state, turn, side, prices=1)
        if state is State.OPEN:
            assert may == ({Step.ACCEPT, Step.DECLINE, Step.COUNTER} if side is turn else {Step.WITHDRAW})
        elif state is State.ACCEPTED:
            assert may == ({Step.WITHDRAW} if side is Side.BUYER else set())
        else:
            assert not may
    assert Step.COUNTER not in rules.steps_of(State.OPEN, Side.BUYER, Side.BUYER, prices=rules.MOST_PRICES)


@_patient
@given(st.integers(1, 10**8), st.integers(1, 100), st.integers(-5, 10**8 + 5))
def test_a_price_lies_between_what_is_listened_to_and_the_list(listed: int, percent: int, price: int) -> None:
    terms = Terms(least_percent=percent)
    for side in Side:
        problem = rules.price_problem(price, list_minor=listed, terms=terms, side=side, currency="EUR")
        least = -(-listed * percent // 100) if side is Side.BUYER else 1
        assert (not problem) == (max(1, least) <= price < listed)


@pytest.mark.parametrize(
    ("reduction", "field"),
    [
        (Reduction(), "amount"),
        (Reduction(amount_minor=1, percent=1), "amount"),
        (Reduction(percent=91), "percent"),
        (Reduction(percent=-1), "percent"),
        (Reduction(amount_minor=-1), "amount"),
        (Reduction(amount_minor=10**12), "amount"),
        (Reduction(percent=5, minimum_minor=-1), "minimum"),
        (Reduction(percent=5, minimum_minor=10**12), "minimum"),
    ],
)
def test_a_strange_reduction_is_explained_at_its_field(reduction: Reduction, field: str) -> None:
    assert set(rules.reduction_problems(reduction)) == {field}


def test_terms_have_bounds() -> None:
    assert terms_problems(Terms()) == {}
    for terms, field in (
        (Terms(least_percent=0), "least_percent"),
        (Terms(least_percent=101), "least_percent"),
        (Terms(bundle_from=1, bundle_percent=5), "bundle_from"),
        (Terms(bundle_from=21, bundle_percent=5), "bundle_from"),
        (Terms(bundle_from=2), "bundle_percent"),
        (Terms(bundle_from=2, bundle_percent=91), "bundle_percent"),
        (Terms(bundle_from=-1, bundle_percent=5), "bundle_from"),
    ):
        assert set(terms_problems(terms)) == {field}


def test_things_in_one_parcel_are_delivered_once() -> None:
    lamp, mug, pot = {"Parcel": 450, "By hand": 0}, {"Parcel": 600}, {"Letter": 120}
    assert in_one_parcel([lamp, mug]) == [{"Parcel": 600}]
    assert in_one_parcel([lamp, pot]) == [lamp, pot]
    assert in_one_parcel([]) == []
    assert [way.price_minor for way in ways(in_one_parcel([lamp, mug]))] == [600]


def test_a_code_is_read_as_people_type_it() -> None:
    assert rules.plain_code(" abcd-efgh jkmn ") == "ABCDEFGHJKMN"
    assert rules.grouped("ABCDEFGHJKMN") == "ABCD-EFGH-JKMN"
    assert rules.plain_code("\0💥" * 1000) == ""


def test_every_state_and_move_has_words() -> None:
    assert set(rules.STATE_WORDS) == set(State)
    assert set(rules.WHAT_WORDS) == set(rules.What)
    assert {what for _, what in rules.AFTER.values()} < set(rules.What)

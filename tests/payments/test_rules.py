"""How money may move: what is made is lost, shares add up, and a payment never goes back."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beyou.core.ids import uuid7
from beyou.payments import rules
from beyou.payments.rules import AccountKey, AccountKind, Move, Progress, ShareOf, State

_ACCOUNTS = [AccountKey(kind, currency, holder) for kind in AccountKind for currency in ("EUR", "JPY")
             for holder in ("", str(UUID(int=7)))]  # fmt: skip
_AMOUNTS = st.integers(min_value=1, max_value=rules.MOST_MINOR)


@st.composite
def moves(draw: st.DrawFn) -> list[Move]:
    source = st.sampled_from(_ACCOUNTS)
    made = draw(st.lists(st.tuples(source, source, _AMOUNTS), min_size=1, max_size=12))
    return [
        Move(one, other, amount)
        for one, other, amount in made
        if one != other and one.currency == other.currency
    ] or [Move(_ACCOUNTS[0], _ACCOUNTS[1], 1)]


@given(moves())
def test_what_is_gained_is_lost_in_every_currency(made: list[Move]) -> None:
    rules.check_moves(made)
    totals: dict[str, int] = {}
    for account, gain in rules.changes(made).items():
        totals[account.currency] = totals.get(account.currency, 0) + gain
    assert set(totals.values()) <= {0}


_EUR, _FEES = AccountKey(AccountKind.SELLER, "EUR", str(uuid7())), AccountKey(AccountKind.FEES, "EUR")


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [Move(_EUR, _FEES, 0)],
        [Move(_EUR, _FEES, -1)],
        [Move(_EUR, _FEES, rules.MOST_MINOR + 1)],
        [Move(_EUR, _FEES, True)],
        [Move(_EUR, _FEES, 1.0)],  # type: ignore[arg-type]
        [Move(_EUR, _FEES, "1")],  # type: ignore[arg-type]
        [Move(_EUR, _FEES, float("nan"))],  # type: ignore[arg-type]
        [Move(_EUR, _EUR, 1)],
        [Move(_EUR, AccountKey(AccountKind.FEES, "USD"), 1)],
        [Move(AccountKey(AccountKind.FEES, "eur"), AccountKey(AccountKind.REFUNDS, "eur"), 1)],
        [Move(_EUR, _FEES, 1), Move(_FEES, _FEES, 1)],
    ],
)
def test_moves_that_no_book_could_hold(wrong: list[Move]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        rules.check_moves(wrong)


@given(
    amount=_AMOUNTS,
    points=st.integers(0, 10_000),
    steps=st.lists(st.integers(1, rules.MOST_MINOR), max_size=5),
)
def test_a_share_is_never_more_than_itself(amount: int, points: int, steps: list[int]) -> None:
    """Refunds and a release in any order: every cent goes to one place, and the fee is within bounds."""
    fee = rules.fee_of(amount, points)
    held, released, fee_taken, back, sellers, fees = amount, 0, 0, 0, 0, 0
    for number, wish in enumerate(steps):
        if number == 1:
            due = rules.fee_on_release(amount, fee, held)
            sellers, fees = sellers + held - due, fees + due
            held, released, fee_taken = 0, released + held, fee_taken + due
        origin = rules.refund_origin(
            wish, held_minor=held, released_minor=released, fee_taken_minor=fee_taken
        )
        if wish > amount - back:
            assert origin is None
            continue
        assert origin is not None
        assert origin.held + origin.seller + origin.fees == wish
        assert min(origin.held, origin.seller, origin.fees) >= 0
        held, sellers, fees = held - origin.held, sellers - origin.seller, fees - origin.fees
        released -= origin.seller + origin.fees
        fee_taken -= origin.fees
        back += wish
        assert min(held, sellers, fees, released, fee_taken) >= 0
        assert held + sellers + fees + back == amount


def test_the_whole_fee_goes_back_with_the_whole_share() -> None:
    assert rules.refund_origin(1000, held_minor=0, released_minor=1000, fee_taken_minor=51) == rules.Origin(
        0, 949, 51
    )


@given(st.lists(st.sampled_from(Progress), max_size=12))
def test_whatever_is_told_in_whatever_order_paid_stays_paid(told: list[Progress]) -> None:
    state, was_paid = State.CREATED, False
    for progress in told:
        state = rules.after(state, progress) or state
        was_paid |= progress is Progress.PAID
        assert (state is State.SETTLED) == was_paid


def test_what_is_over_never_opens_again() -> None:
    for state in (State.FAILED, State.CANCELLED, State.SETTLED):
        for progress in (Progress.OPEN, Progress.PROCESSING, Progress.FAILED, Progress.CANCELLED):
            assert rules.after(state, progress) is None


def _share(amount: int, fee: int = 0) -> ShareOf:
    return ShareOf(uuid7(), amount, fee, uuid7())


def test_shares_are_exactly_the_amount() -> None:
    rules.check_shares(300, "EUR", [_share(100, 100), _share(200)])
    one = _share(100)
    for wrong in ([], [_share(299)], [_share(301)], [_share(400), _share(-100)], [_share(300, 301)],
                  [_share(300, -1)], [one, one, _share(100)], [_share(0), _share(300)]):  # fmt: skip
        with pytest.raises(ValueError, match=r"\w"):
            rules.check_shares(300, "EUR", wrong)
    for currency in ("", "eur", "EURO", "E\n", "E€R"):
        with pytest.raises(ValueError, match="currency"):
            rules.check_shares(300, currency, [_share(300)])


def test_the_digest_knows_every_difference_but_not_the_order() -> None:
    payer, order, shares = uuid7(), uuid7(), [_share(100, 1), _share(200, 2)]
    whole = rules.digest(payer, order, 300, "EUR", shares)
    assert whole == rules.digest(payer, order, 300, "EUR", shares[::-1])
    others = [
        rules.digest(uuid7(), order, 300, "EUR", shares),
        rules.digest(payer, uuid7(), 300, "EUR", shares),
        rules.digest(payer, order, 301, "EUR", shares),
        rules.digest(payer, order, 300, "USD", shares),
        rules.digest(payer, order, 300, "EUR", shares[:1]),
    ]
    assert len({whole, *others}) == 6

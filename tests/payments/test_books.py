"""The books: append-only, zero in sum, never below zero, the same however many write at once."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beyou.core.ids import uuid7
from beyou.payments import guards
from beyou.payments.errors import KeyReused, NotEnoughMoney
from beyou.payments.models import Account, Posting, Transfer
from beyou.payments.queries import money_health
from beyou.payments.rules import AccountKey, AccountKind, Move
from beyou.payments.services.books import post
from tests.blocks.test_races import at_once

pytestmark = pytest.mark.django_db

WORLD = AccountKey(AccountKind.GATEWAY, "EUR", "sandbox")
FEES, REFUNDS = AccountKey(AccountKind.FEES, "EUR"), AccountKey(AccountKind.REFUNDS, "EUR")


def _seller() -> AccountKey:
    return AccountKey(AccountKind.SELLER, "EUR", str(uuid7()))


def _post(*moves: Move, key: str = "") -> Transfer:
    return post(key=key or str(uuid7()), kind="test", reference=uuid7(), moves=moves)


def _balance(account: AccountKey) -> int:
    return Account.objects.get(key=str(account)).balance_minor


@pytest.fixture
def guarded() -> Iterator[None]:
    guards.install(connection)
    yield
    guards.allow_deletion(connection)


def test_a_transfer_moves_money_and_makes_none() -> None:
    seller = _seller()
    _post(Move(WORLD, seller, 1000), Move(seller, FEES, 50))
    assert (_balance(WORLD), _balance(seller), _balance(FEES)) == (-1000, 950, 50)
    assert money_health().is_sound


def test_a_repeat_returns_the_first_and_other_contents_are_refused() -> None:
    seller, reference = _seller(), uuid7()
    wish: dict[str, Any] = {"key": "k", "kind": "test", "reference": reference}
    first = post(**wish, moves=[Move(WORLD, seller, 10)])
    assert post(**wish, moves=[Move(WORLD, seller, 10)]) == first
    for other in (
        wish | {"moves": [Move(WORLD, seller, 11)]},
        wish | {"moves": [Move(WORLD, FEES, 10)]},
        wish | {"moves": [Move(WORLD, seller, 10), Move(WORLD, seller, 10)]},
        wish | {"kind": "other", "moves": [Move(WORLD, seller, 10)]},
        wish | {"reference": uuid7(), "moves": [Move(WORLD, seller, 10)]},
    ):
        with pytest.raises(KeyReused):
            post(**other)
    assert (_balance(seller), Transfer.objects.count()) == (10, 1)


def test_no_account_but_the_world_ends_below_zero() -> None:
    seller = _seller()
    _post(Move(WORLD, seller, 10))
    with pytest.raises(NotEnoughMoney):
        _post(Move(seller, FEES, 11))
    # What passes through in one transfer is no debt.
    other = _seller()
    _post(Move(other, FEES, 5), Move(seller, other, 5))
    assert (_balance(seller), _balance(other), _balance(FEES)) == (5, 0, 5)


def test_the_database_refuses_a_balance_below_zero() -> None:
    seller = _seller()
    _post(Move(WORLD, seller, 10))
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(key=str(seller)).update(balance_minor=-1)


@pytest.mark.usefixtures("guarded")
@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_to_change_or_delete_what_is_written() -> None:
    _post(Move(WORLD, _seller(), 10))
    before = [*Posting.objects.values_list(), *Transfer.objects.values_list()]
    attacks = [
        "UPDATE payments_posting SET amount_minor = 11",
        "UPDATE payments_posting SET currency = 'USD'",
        "UPDATE payments_posting SET source_id = target_id",
        "DELETE FROM payments_posting",
        "UPDATE payments_transfer SET kind = 'gift'",
        "UPDATE payments_transfer SET reference = id",
        "DELETE FROM payments_transfer",
    ]
    for attack in attacks:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
    assert [*Posting.objects.values_list(), *Transfer.objects.values_list()] == before


@pytest.mark.parametrize(
    ("amount", "currency", "ends"),
    [
        (0, "EUR", "ws"),
        (-5, "EUR", "ws"),
        (5, "USD", "ws"),
        (5, "EUR", "ww"),
        (5, "EUR", "wd"),
        (5, "USD", "wd"),
    ],
)
@pytest.mark.usefixtures("guarded")
@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_postings_that_no_book_could_hold(amount: int, currency: str, ends: str) -> None:
    seller, dollars = _seller(), AccountKey(AccountKind.FEES, "USD")
    transfer = _post(Move(WORLD, seller, 10))
    post(key="d", kind="test", reference=uuid7(),
         moves=[Move(AccountKey(AccountKind.GATEWAY, "USD", "sandbox"), dollars, 10)])  # fmt: skip
    named = {"w": str(WORLD), "s": str(seller), "d": str(dollars)}
    with pytest.raises(DatabaseError), transaction.atomic():
        Posting.objects.create(
            transfer=transfer, source_id=named[ends[0]], target_id=named[ends[1]],
            amount_minor=amount, currency=currency,
        )  # fmt: skip
    assert Posting.objects.count() == 2


def test_health_names_what_was_tampered_with() -> None:
    seller = _seller()
    transfer = _post(Move(WORLD, seller, 10), Move(seller, FEES, 1))
    assert money_health().wrong == []
    Account.objects.filter(key=str(seller)).update(balance_minor=1_000_000)
    assert {each.what for each in money_health().wrong} == {"sum:EUR", str(seller)}
    Account.objects.filter(key=str(WORLD)).update(balance_minor=-1_000_001)
    assert {each.what for each in money_health().wrong} == {str(WORLD), str(seller)}
    Account.objects.filter(key=str(seller)).update(balance_minor=9)
    Account.objects.filter(key=str(WORLD)).update(balance_minor=-10)
    assert money_health().is_sound
    Posting.objects.create(
        transfer=transfer, source_id=str(seller), target_id=str(FEES), amount_minor=3, currency="EUR"
    )
    assert {each.what for each in money_health().wrong} == {str(seller), str(FEES)}


def test_health_knows_money_that_nobody_is_waiting_for() -> None:
    _post(Move(WORLD, REFUNDS, 10))
    assert [each.what for each in money_health().wrong] == ["rows of refunds:EUR:"]


_STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 40), st.integers(0, 9)), max_size=25
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_whatever_is_tried_the_books_are_sound(steps: list[tuple[int, int, int, int]]) -> None:
    """Against a plain model: what does not fit is refused whole; a key that comes again changes nothing."""
    with transaction.atomic():
        accounts = [WORLD, FEES, *(_seller() for _ in range(3))]
        model: dict[AccountKey, int] = dict.fromkeys(accounts, 0)
        done: dict[str, tuple[AccountKey, AccountKey, int]] = {}
        about = uuid7()
        for source, target, amount, number in steps:
            one, other, key = accounts[source], accounts[target], f"{about}-{number}"
            wish = (one, other, amount)
            with suppress(ValueError, NotEnoughMoney, KeyReused):
                post(key=key, kind="test", reference=about, moves=[Move(*wish)])
                if key not in done:
                    done[key] = wish
                    model[one] -= amount
                    model[other] += amount
        found = {row.key: row.balance_minor for row in Account.objects.all()}
        assert all(found.get(str(account), 0) == balance for account, balance in model.items())
        assert money_health().is_sound
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_transfers_at_once_neither_lose_nor_double_nor_wait_for_each_other() -> None:
    sellers = [_seller() for _ in range(4)]
    _post(*(Move(WORLD, seller, 100) for seller in sellers))
    about = uuid7()
    # Each goes round in both directions, so that locks in the order of moves would meet head on.
    jobs = [
        partial(
            post, key=f"{n}-{step}-{turn % 2}", kind="test", reference=about,
            moves=[Move(sellers[n], sellers[(n + step) % 4], 3)],
        )
        for turn in range(4)
        for n in range(2)
        for step in (1, 3)
    ]  # fmt: skip
    at_once(jobs)
    assert Transfer.objects.count() == 1 + len(jobs) // 2
    assert sum(map(_balance, sellers)) == 400
    assert money_health().is_sound


@pytest.mark.django_db(transaction=True)
def test_what_is_there_once_is_spent_once() -> None:
    seller = _seller()
    _post(Move(WORLD, seller, 100))
    spent: list[object] = []

    def spend() -> None:
        with suppress(NotEnoughMoney):
            spent.append(_post(Move(seller, FEES, 60)))

    at_once([spend] * 8)
    assert len(spent) == 1
    assert (_balance(seller), _balance(FEES)) == (40, 60)

"""The turn of writing threads: a help that never becomes a knot with the database's own lock."""

import threading

from django.db import connection, transaction

from beyou.core.threads import writing_turn


def test_who_is_in_a_transaction_never_waits_for_the_turn(transactional_db: None) -> None:
    """It would hold the database while the holder of the turn waits for the database: 20 s and an error."""
    holds, leave = threading.Event(), threading.Event()

    def holder() -> None:
        with writing_turn():
            holds.set()
            leave.wait(20)
        connection.close()

    thread = threading.Thread(target=holder)
    thread.start()
    assert holds.wait(5)
    entered = threading.Event()

    def writer() -> None:
        with transaction.atomic(), writing_turn():
            entered.set()
        connection.close()

    second = threading.Thread(target=writer)
    second.start()
    try:
        assert entered.wait(5)
    finally:
        leave.set()
        thread.join(20)
        second.join(20)

"""Who looks at what is for sale and puts it into a cart, as numbers. The app that counts stands above the
market and its carts and listens here; nobody is told who looked.
"""

from typing import Protocol
from uuid import UUID


class Listener(Protocol):
    """Whoever counts. It must not wait for the database."""

    def viewed(self, item_id: UUID, seller_id: UUID) -> None:
        """Somebody else than the seller opened the page of the item."""
        ...

    def wanted(self, item_id: UUID, seller_id: UUID) -> None:
        """Somebody put the item into a cart in which it was not."""
        ...


_listener: Listener | None = None


def use(listener: Listener | None) -> None:
    """Makes the listener the one that is told."""
    global _listener
    _listener = listener


def viewed(item_id: UUID, seller_id: UUID) -> None:
    if _listener is not None:
        _listener.viewed(item_id, seller_id)


def wanted(item_id: UUID, seller_id: UUID) -> None:
    if _listener is not None:
        _listener.wanted(item_id, seller_id)

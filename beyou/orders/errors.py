"""What can go wrong between a cart and a delivery."""

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed


class BadQuantity(InvalidInput):
    code, title = "bad_quantity", "Nobody can buy so many"


class CartFull(InvalidInput):
    code, title = "cart_full", "Your cart is full"


class OwnItem(NotAllowed):
    code, title = "own_item", "This is yours"


class NotForSale(ApplicationError):
    """What was asked for cannot be bought by this member, or not so much of it."""

    code, status, title = "not_for_sale", 409, "This cannot be bought now"


class ItemsGone(ApplicationError):
    """Somebody else was faster. `gone` names the variants with what is left of each."""

    code, status, title = "items_gone", 409, "Somebody was faster"


class EmptyCart(ApplicationError):
    code, status, title = "empty_cart", 409, "There is nothing to buy"


class MixedCurrencies(ApplicationError):
    code, status, title = "mixed_currencies", 409, "Choose a currency first"


class NoCheckout(ApplicationError):
    code, status, title = "no_checkout", 409, "No checkout is open"


class HoldOver(ApplicationError):
    code, status, title = "hold_over", 409, "The time is over"


class NotExtendable(ApplicationError):
    code, status, title = "not_extendable", 409, "It was extended once already"


class TotalChanged(ApplicationError):
    code, status, title = "total_changed", 409, "The total is another one now"


class PaymentUnderWay(ApplicationError):
    code, status, title = "payment_under_way", 409, "A payment is under way"


class OrderMoved(ApplicationError):
    code, status, title = "order_moved", 409, "The order has moved on"

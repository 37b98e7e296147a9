"""What buyers and sellers do. Each function is one step, whole or not at all."""

from beyou.orders.services.cart import accept_prices, add, put, put_offer, quantity_of, remove
from beyou.orders.services.checkout import Choices, choose, extend, start, time_left
from beyou.orders.services.claims import freeze, thaw
from beyou.orders.services.ending import (
    cancel,
    drop_between,
    empty_addresses,
    expire_due,
    leave_checkout,
    stop,
)
from beyou.orders.services.paying import Paying, fail, pay, settle
from beyou.orders.services.reminding import remind_due, set_reminder
from beyou.orders.services.shipping import (
    call_off,
    confirm,
    confirm_due,
    give_up_due,
    hold_trade,
    leave_unshipped,
    note_refund,
    ship,
)
from beyou.orders.services.waiting import stop_waiting, tell_waiting, wait_for

__all__ = [
    "Choices",
    "Paying",
    "accept_prices",
    "add",
    "call_off",
    "cancel",
    "choose",
    "confirm",
    "confirm_due",
    "drop_between",
    "empty_addresses",
    "expire_due",
    "extend",
    "fail",
    "freeze",
    "give_up_due",
    "hold_trade",
    "leave_checkout",
    "leave_unshipped",
    "note_refund",
    "pay",
    "put",
    "put_offer",
    "quantity_of",
    "remind_due",
    "remove",
    "set_reminder",
    "settle",
    "ship",
    "start",
    "stop",
    "stop_waiting",
    "tell_waiting",
    "thaw",
    "time_left",
    "wait_for",
]

"""What buyers and sellers do with offers and vouchers. Each function is one step, whole or not at all."""

from beyou.offers.services.answer import take_step
from beyou.offers.services.ending import buy, end_between, erase_member, keep, sweep
from beyou.offers.services.make import make_offer
from beyou.offers.services.vouchers import (
    claim,
    create_voucher,
    end_voucher,
    enter,
    give_back,
    remove,
    take_out,
)

__all__ = [
    "buy",
    "claim",
    "create_voucher",
    "end_between",
    "end_voucher",
    "enter",
    "erase_member",
    "give_back",
    "keep",
    "make_offer",
    "remove",
    "sweep",
    "take_out",
    "take_step",
]

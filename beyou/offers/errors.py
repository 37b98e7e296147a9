"""What can go wrong with offers and vouchers, and what to do about it."""

from beyou.core.errors import ApplicationError, InvalidInput, NotAllowed


class NoOffers(NotAllowed):
    code, title = "no_offers", "Not open to offers"


class BadPrice(InvalidInput):
    code, title = "bad_price", "This price cannot be offered"


class BadThings(InvalidInput):
    code, title = "bad_things", "Choose what the offer is for"


class ThingsGone(ApplicationError):
    """Somebody else holds or has bought one of the things. Nothing changed."""

    code, status, title = "things_gone", 409, "Not there any more"


class OfferMoved(ApplicationError):
    code, status, title = "offer_moved", 409, "The offer has moved on"


class OfferOver(ApplicationError):
    """The agreed price does not count any more."""

    code, status, title = "offer_over", 409, "The agreed price is over"


class BadVoucher(InvalidInput):
    """Fields of a new voucher are wrong. `fields` says for each what to do."""

    code, title = "voucher_invalid", "Please check what you entered"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()), fields=fields)


class UnknownVoucher(InvalidInput):
    code, title = "voucher_unknown", "There is no such voucher"


class VoucherOver(ApplicationError):
    """It cannot be used, or not by this member any more."""

    code, status, title = "voucher_over", 409, "This voucher cannot be used"

"""What can go wrong around money."""

from beyou.core.errors import ApplicationError, InvalidInput


class PaymentsOff(ApplicationError):
    code, status, title = "payments_off", 503, "Nobody can pay here yet"


class GatewayAway(ApplicationError):
    code, status, title = "gateway_away", 503, "The payment provider does not answer"

    def __init__(
        self, detail: str = "Nothing was charged. What you entered is kept; please try again in a minute."
    ) -> None:
        super().__init__(detail, retry_after=60)


class GatewayRefused(ApplicationError):
    code, status, title = "gateway_refused", 409, "The payment provider refused"

    def __init__(self, reason: str, detail: str = "Nothing was charged. Try another way to pay.") -> None:
        super().__init__(detail, reason=reason)
        self.reason = reason


class KeyReused(ApplicationError):
    code, status, title = "key_reused", 409, "This was asked before with other contents"


class PaymentOpen(ApplicationError):
    code, status, title = "payment_open", 409, "Another payment for this has begun"


class AlreadyPaid(ApplicationError):
    code, status, title = "already_paid", 409, "This is paid already"


class NotPaid(ApplicationError):
    code, status, title = "not_paid", 409, "This is not paid"


class RefundTooLarge(InvalidInput):
    code, title = "refund_too_large", "That is more than what is left of the payment"


class NotEnoughMoney(ApplicationError):
    code, status, title = "not_enough_money", 409, "There is not enough money for that"


class PayoutsOff(ApplicationError):
    code, status, title = "payouts_off", 503, "Nothing can be paid out here yet"


class PayoutAccountNeeded(ApplicationError):
    code, status, title = "payout_account_needed", 409, "Say first where your money goes"


class BadSignature(ApplicationError):
    code, status, title = "bad_signature", 400, "The signature is wrong or too old"

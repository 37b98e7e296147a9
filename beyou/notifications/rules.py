"""What members are told of, and in which words."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Why there is a notice: about an actor, or about nobody in particular."""

    FRIEND_REQUEST = "friend_request"
    FRIEND_ACCEPTED = "friend_accepted"
    SECURITY = "security"
    EXPORT_READY = "export_ready"
    EXPORT_FAILED = "export_failed"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    UNVERIFIED = "unverified"
    EMAIL_CHANGED = "email_changed"
    RENAME_GRANTED = "rename_granted"
    RENAME_REFUSED = "rename_refused"
    STAFF_ALERT = "staff_alert"
    SOLD = "sold"
    ORDER_PAID = "order_paid"
    ORDER_SHIPPED = "order_shipped"
    ORDER_DELIVERED = "order_delivered"
    ORDER_CALLED_OFF = "order_called_off"
    ORDER_REFUNDED = "order_refunded"
    PAYMENT_RETURNED = "payment_returned"
    FREE_AGAIN = "free_again"
    MONEY_ALERT = "money_alert"
    HEALTH_ALERT = "health_alert"
    PAID_OUT = "paid_out"
    PAYOUT_FAILED = "payout_failed"
    SEARCH_HIT = "search_hit"
    ITEM_SUSPENDED = "item_suspended"
    ITEM_RESTORED = "item_restored"
    OFFER_MADE = "offer_made"
    OFFER_COUNTERED = "offer_countered"
    OFFER_ACCEPTED = "offer_accepted"
    OFFER_DECLINED = "offer_declined"
    CLAIM_OPENED = "claim_opened"
    CLAIM_MOVED = "claim_moved"
    CLAIM_SETTLED = "claim_settled"
    CLAIM_WAITING = "claim_waiting"
    RATED = "rated"
    RATING_REPLY = "rating_reply"
    RATE_REMINDER = "rate_reminder"
    CART_REMINDER = "cart_reminder"
    DECISION = "decision"
    REPORT_WAITING = "report_waiting"
    REPORT_ANSWERED = "report_answered"
    REPORT_REOPENED = "report_reopened"
    HELD_WAITING = "held_waiting"
    HELD_SETTLED = "held_settled"


#: What follows the actor's name, or the whole sentence where there is none.
TEXTS: Final[dict[Kind, str]] = {
    Kind.FRIEND_REQUEST: "wants to be your friend.",
    Kind.FRIEND_ACCEPTED: "is now your friend.",
    Kind.SECURITY: "Something happened to your account. Look whether it was you.",
    Kind.EXPORT_READY: "The copy of your data is ready. You can fetch it for seven days.",
    Kind.EXPORT_FAILED: "The copy of your data could not be made. Please ask for it again.",
    Kind.VERIFIED: "You are verified now. See what it unlocks.",
    Kind.NOT_VERIFIED: "Your request to be verified needs something from you.",
    Kind.UNVERIFIED: "Your verification was taken back. Read why.",
    Kind.EMAIL_CHANGED: "The e-mail address of your account was changed.",
    Kind.RENAME_GRANTED: "Your new name shows from now on.",
    Kind.RENAME_REFUSED: "Our staff did not grant your new name. See why.",
    Kind.SOLD: "bought something from you. Send it soon.",
    Kind.ORDER_PAID: "Your order is paid. You see here where it is.",
    Kind.ORDER_SHIPPED: "sent your order. You see here how to follow it.",
    Kind.ORDER_DELIVERED: "An order is delivered, and its money is the seller's.",
    Kind.ORDER_CALLED_OFF: "An order is called off. What was paid goes back to the buyer.",
    Kind.ORDER_REFUNDED: "Money for an order is on its way back to you.",
    Kind.PAYMENT_RETURNED: "A payment came too late, so you get it back. Nothing was bought.",
    Kind.FREE_AGAIN: "What you wait for is free again. Be quick.",
    Kind.STAFF_ALERT: "Something about sign-ins needs the eyes of the staff.",
    Kind.MONEY_ALERT: "Something about payments needs the eyes of the staff.",
    Kind.HEALTH_ALERT: "Something about this instance is not well. Look what it is.",
    Kind.PAID_OUT: "Your payout is on its way to your bank.",
    Kind.PAYOUT_FAILED: "Your payout did not work. The money is back in your balance.",
    Kind.ITEM_SUSPENDED: "Our staff took something of yours off the market. Read why.",
    Kind.ITEM_RESTORED: "Our staff gave something of yours back to you. You can offer it again.",
    Kind.SEARCH_HIT: "Something you look for is on the market now.",
    Kind.OFFER_MADE: "made you an offer. Say yes, no, or another price.",
    Kind.OFFER_COUNTERED: "named another price for an offer. It is your turn.",
    Kind.OFFER_ACCEPTED: "said yes to an offer. It is kept for its buyer for a day.",
    Kind.OFFER_DECLINED: "said no to an offer.",
    Kind.CLAIM_OPENED: "reports a problem with what you sent. Please answer in time.",
    Kind.CLAIM_MOVED: "There is news in a claim. Look whether it waits for you.",
    Kind.CLAIM_SETTLED: "A claim is settled. Read how and why.",
    Kind.CLAIM_WAITING: "A claim waits for a decision of the staff.",
    Kind.RATED: "rated you after an order. You can read it now, and reply.",
    Kind.RATING_REPLY: "replied to your rating.",
    Kind.DECISION: "The staff decided something about you. Read what, and why.",
    Kind.REPORT_WAITING: "A report waits for a decision of the staff.",
    Kind.REPORT_ANSWERED: "Our staff looked at something that you reported. Read what came of it.",
    Kind.REPORT_REOPENED: "Our staff look once more at something that you reported.",
    Kind.HELD_WAITING: "Something waits for a look of the staff before others see it.",
    Kind.HELD_SETTLED: "Our staff looked at what you want to offer. See what came of it.",
    Kind.CART_REMINDER: "Something is still in your cart. Nobody holds it for you.",
    Kind.RATE_REMINDER: "You can rate an order for four more days. Say how it went.",
}

#: The icon of a notice without an actor.
ICONS: Final[dict[Kind, str]] = {
    Kind.SECURITY: "shield-alert",
    Kind.STAFF_ALERT: "shield-alert",
    Kind.HELD_WAITING: "package",
    Kind.HELD_SETTLED: "package",
    Kind.ORDER_PAID: "circle-check",
    Kind.ORDER_DELIVERED: "package",
    Kind.ORDER_CALLED_OFF: "package",
    Kind.ORDER_REFUNDED: "undo-2",
    Kind.PAYMENT_RETURNED: "undo-2",
    Kind.FREE_AGAIN: "bell",
    Kind.MONEY_ALERT: "shield-alert",
    Kind.HEALTH_ALERT: "triangle-alert",
    Kind.PAID_OUT: "circle-check",
    Kind.PAYOUT_FAILED: "triangle-alert",
    Kind.EXPORT_READY: "download",
    Kind.EXPORT_FAILED: "triangle-alert",
    Kind.VERIFIED: "badge-check",
    Kind.NOT_VERIFIED: "circle-alert",
    Kind.UNVERIFIED: "circle-alert",
    Kind.EMAIL_CHANGED: "at-sign",
    Kind.RENAME_GRANTED: "circle-check",
    Kind.RENAME_REFUSED: "triangle-alert",
    Kind.SEARCH_HIT: "search",
    Kind.ITEM_SUSPENDED: "shield-alert",
    Kind.ITEM_RESTORED: "circle-check",
    Kind.CLAIM_MOVED: "circle-alert",
    Kind.CLAIM_SETTLED: "circle-check",
    Kind.CLAIM_WAITING: "circle-alert",
    Kind.RATE_REMINDER: "star",
    Kind.CART_REMINDER: "shopping-cart",
    Kind.DECISION: "scale",
    Kind.REPORT_WAITING: "flag",
    Kind.REPORT_ANSWERED: "flag",
    Kind.REPORT_REOPENED: "flag",
}

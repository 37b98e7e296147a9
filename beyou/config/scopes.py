"""Which scope lets a personal access token use which operation of the API.

An operation is named by its app and its function. One that is missing here is refused to every token, and
fails a test, so that each is decided on purpose.
"""

from typing import Final

from beyou.users.scopes import Scope

_BY_SCOPE: Final[dict[Scope, tuple[str, ...]]] = {
    Scope.READ_PROFILE: ("users.get_me",),
    Scope.WRITE_PROFILE: ("users.change_me", "users.set_my_picture", "users.remove_my_picture"),
    Scope.READ_PEOPLE: (
        "friends.list_friends",
        "friends.list_requests",
        "friends.search_members",
        "friends.get_member",
        "friends.list_verified",
    ),
    Scope.WRITE_PEOPLE: ("friends.take_step",),
    Scope.READ_MESSAGES: (
        "messaging.list_conversations",
        "messaging.get_conversation",
        "messaging.get_roster",
        "messaging.list_messages",
        "messaging.list_proofs",
        "messaging.get_receipt",
    ),
    Scope.WRITE_MESSAGES: (
        "messaging.start_conversation",
        "messaging.send_message",
        "messaging.post_receipt",
    ),
    Scope.READ_MARKET: (
        "marketplace.list_categories",
        "marketplace.list_items",
        "marketplace.list_own_items",
        "marketplace.list_favourites",
        "marketplace.get_item",
        "marketplace.get_terms",
        "marketplace.list_searches",
        "reviews.get_seller",
        "reviews.list_ratings",
    ),
    Scope.WRITE_MARKET: (
        "marketplace.put_item",
        "marketplace.put_terms",
        "marketplace.delete_item",
        "marketplace.step_item",
        "marketplace.set_favourite",
        "marketplace.add_item_picture",
        "marketplace.remove_item_picture",
        "marketplace.save_search",
        "marketplace.change_search",
        "marketplace.look_at_search",
        "marketplace.delete_search",
    ),
    Scope.READ_NOTIFICATIONS: ("notifications.list_notifications",),
    Scope.WRITE_NOTIFICATIONS: ("notifications.read_all",),
    Scope.READ_MONEY: ("payments.get_payment", "payments.get_money", "payments.list_payouts"),
    Scope.READ_ORDERS: (
        "orders.get_cart",
        "orders.get_checkout",
        "orders.list_orders",
        "orders.get_order",
        "orders.get_order_receipt",
        "orders.list_sales",
        "orders.get_sale",
        "orders.get_sale_receipt",
        "analytics.get_business",
        "offers.list_offers",
        "offers.get_offer",
        "offers.list_vouchers",
        "disputes.list_claims",
        "disputes.get_claim",
        "reviews.get_exchange",
    ),
    Scope.WRITE_ORDERS: (
        "orders.put_in_cart",
        "orders.set_cart_reminder",
        "orders.remove_from_cart",
        "orders.start_checkout",
        "orders.extend_checkout",
        "orders.pay_checkout",
        "orders.stop_payment",
        "orders.cancel_order",
        "orders.confirm_part",
        "orders.step_back",
        "orders.ship_sale",
        "orders.call_off_sale",
        "orders.put_offer_in_cart",
        "orders.enter_voucher",
        "orders.remove_voucher",
        "offers.make_offer",
        "offers.answer_offer",
        "offers.create_voucher",
        "offers.end_voucher",
        "disputes.make_claim",
        "disputes.add_words",
        "disputes.add_claim_picture",
        "disputes.add_messages",
        "disputes.accept_claim",
        "disputes.make_offer",
        "disputes.contest_claim",
        "disputes.take_offer",
        "disputes.decline_offer",
        "disputes.withdraw_claim",
        "reviews.put_rating",
        "reviews.reply_to_rating",
        "reviews.set_reminders",
    ),
}

SCOPE_OF: Final[dict[str, Scope]] = {name: scope for scope, names in _BY_SCOPE.items() for name in names}

#: What needs the member in person: tokens, sessions, factors, keys, identity, data, payouts, all of staff.
SESSION_ONLY: Final = frozenset(
    {
        "users.list_tokens",
        "users.revoke_token",
        "users.when_session_ends",
        "users.stay_signed_in",
        "users.list_sessions",
        "users.end_other_sessions",
        "users.end_session",
        "users.list_security_log",
        "keys.start_challenge",
        "keys.publish",
        "keys.mine",
        "keys.retired",
        "keys.recovery",
        "keys.revoke_device",
        "payments.ask_payout",
        "console.list_items",
        "console.get_item",
        "console.suspend_item",
        "console.restore_item",
        "console.list_categories",
        "console.add_category",
        "console.rename_category",
        "console.place_category",
        "console.retire_category",
    }
)

#: For everybody, without an account, or with a session that the operation looks for itself.
PUBLIC: Final = frozenset(
    {
        "users.get_session",
        "users.sign_in",
        "users.sign_out",
        "users.confirm_address",
        "users.send_code_again",
        "users.show_second_step",
        "users.ask_passkey",
        "users.sign_in_with_passkey",
        "users.get_toll",
        "users.ask_for_reset",
        "users.open_reset",
        "users.set_new_password",
        "ledger.get_checkpoint",
        "ledger.get_verifier_key",
        "ledger.get_tile",
        "ledger.get_block",
        "ledger.get_consistency",
    }
)

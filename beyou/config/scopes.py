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
    Scope.READ_NOTIFICATIONS: ("notifications.list_notifications",),
    Scope.WRITE_NOTIFICATIONS: ("notifications.read_all",),
}

SCOPE_OF: Final[dict[str, Scope]] = {name: scope for scope, names in _BY_SCOPE.items() for name in names}

#: What needs the member in person: tokens, sessions, factors, keys, identity, data, and everything of staff.
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
        "ledger.get_checkpoint",
        "ledger.get_verifier_key",
        "ledger.get_tile",
        "ledger.get_block",
        "ledger.get_consistency",
    }
)

"""What can be wrong with keys. Every code is stable and public."""

from beyou.core.errors import ApplicationError, InvalidInput, NotFound


class BadKey(InvalidInput):
    """A public key of the wrong kind; `reason` is a word of `rules.UnacceptableKey`."""

    code, title = "bad_key", "This key cannot be used"


class KeyTooSmall(BadKey):
    code, title = "key_too_small", "This key is too small"


class KeyTaken(ApplicationError):
    """A key, key set or device id that is already on record. Never says whose."""

    code, status, title = "key_taken", 409, "This key is already in use"

    def __init__(self) -> None:
        super().__init__("A key, key set or device like this is already on record. Make new ones.")


class KeyRetired(ApplicationError):
    code, status, title = "key_retired", 409, "These keys were replaced"

    def __init__(self) -> None:
        super().__init__("These keys were replaced by newer ones. Restore the file of the newest keys.")


class DeviceRevoked(ApplicationError):
    code, status, title = "device_revoked", 409, "This browser was removed"

    def __init__(self) -> None:
        super().__init__(
            "This browser was removed from your account. Restore your keys in it to add it again."
        )


class BadPossession(InvalidInput):
    code, title = "bad_possession", "The browser could not prove that it holds the keys"

    def __init__(self) -> None:
        super().__init__("The answer to the challenge was wrong. Nothing was stored; start again.")


class ChallengeExpired(ApplicationError):
    """Unknown, used, or older than five minutes: one answer, so that none can be told from another."""

    code, status, title = "challenge_expired", 409, "This took too long"

    def __init__(self) -> None:
        super().__init__("The challenge was used already or is older than five minutes. Start again.")


class ReplaceNeeded(ApplicationError):
    code, status, title = "replace_needed", 409, "You have other keys"

    def __init__(self) -> None:
        super().__init__("Your account has other keys. Restore them here, or say that new ones replace them.")


class KeysChanged(ApplicationError):
    code, status, title = "keys_changed", 409, "Your keys changed meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "Another browser changed your keys a moment ago. Look at them again before going on."
        )


class NoKeys(NotFound):
    code, title = "no_keys", "No keys yet"

    def __init__(self) -> None:
        super().__init__("You have no keys yet. They are made when you first need them.")

"""Why the automatic help refuses something, and what to do about it."""

from collections.abc import Sequence

from beyou.automod.rules import Word, in_words
from beyou.core.errors import ApplicationError, InvalidInput


class WatchedText(InvalidInput):
    """The text has a word that is not allowed at that place. `words` says which."""

    code, title = "watched_text", "A word that is not allowed here"

    def __init__(self, words: Sequence[Word], *, told: str = "") -> None:
        names = [each.pattern for each in words]
        listed = ", ".join(f"“{each}”" for each in names)
        verb = "is" if len(names) == 1 else "are"
        super().__init__(
            f"{listed} {verb} on the list of words that our staff do not allow here. What you wrote was not"
            f" published and is still yours: change it and try again.{told}",
            words=names,
        )


class TooManyLinks(InvalidInput):
    """New members write few links at once. `most` says how many."""

    code, title = "too_many_links", "Too many links"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"A text of yours may have {most} links for now. It grows with the age of your account, and with"
            " your verification. Take some out and try again.",
            most=most,
        )


class NewMemberLimit(ApplicationError):
    """New members do this only so often in a day. `retry_after` says when it is allowed again."""

    code, status, title = "new_member_limit", 429, "Enough for today"

    def __init__(self, what: str, most: int, retry_after: int) -> None:
        super().__init__(
            f"You may {what} {most} times a day for now. The next time is in {in_words(retry_after)}. The"
            " limit grows with the age of your account, and with your verification.",
            retry_after=retry_after,
        )


class WordKnown(ApplicationError):
    """There is such a word already, however it is spelled."""

    code, status, title = "word_known", 409, "This word is watched already"


class WordChanged(ApplicationError):
    """Somebody else changed it after it was read."""

    code, status, title = "word_changed", 409, "Somebody was faster"

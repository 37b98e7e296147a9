"""What can go wrong with offers, and what to do about it."""

from typing import Any

from beyou.core.errors import ApplicationError, InvalidInput


class ItemChanged(ApplicationError):
    """The page was older than the item."""

    code, status, title = "item_changed", 409, "This item changed meanwhile"

    def __init__(self) -> None:
        super().__init__(
            "It was changed in another tab or on another device. What you typed is still here: compare it,"
            " then save again."
        )


class ItemHeld(ApplicationError):
    """Somebody is paying for it at this moment."""

    code, status, title = "item_held", 409, "Somebody is buying this"

    def __init__(self) -> None:
        super().__init__(
            "Words and price stay as they are while somebody is at the checkout with it, which takes half an"
            " hour at most, or while a price that you agreed on is binding, which is a day."
        )


class StepImpossible(ApplicationError):
    """The item is not in a state where this can be done."""

    code, status, title = "item_state", 409, "That is not possible now"


class NotReady(InvalidInput):
    """A draft that lacks something cannot be published. `missing` names what, in words."""

    code, title = "item_not_ready", "Almost ready"

    def __init__(self, missing: list[str], **extra: Any) -> None:
        super().__init__(f"It still needs {_listed(missing)}.", missing=missing, **extra)


class InvalidItem(InvalidInput):
    """Fields of an item are wrong. `fields` says for each what to do."""

    code, title = "item_invalid", "Please check what you entered"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(" ".join(fields.values()), fields=fields)


class TooManyPictures(InvalidInput):
    code, title = "too_many_pictures", "There are enough pictures"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

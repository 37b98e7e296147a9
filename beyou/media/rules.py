"""What may be stored, in numbers."""

from dataclasses import dataclass
from enum import StrEnum

MEBIBYTE = 1024 * 1024
#: The most pixels that are ever decoded: decoded they take up to 4 bytes each.
MOST_PIXELS = 50_000_000


class Purpose(StrEnum):
    """What a file is for; its bytes are bound to it."""

    AVATAR = "avatar"
    IDENTITY = "identity"
    ITEM = "item"
    EVIDENCE = "evidence"


#: The shortest side in pixels that is of use.
LEAST_SIDE: dict[Purpose, int] = {
    Purpose.AVATAR: 64,
    Purpose.IDENTITY: 400,
    Purpose.ITEM: 200,
    Purpose.EVIDENCE: 64,
}

#: Media type as it is sniffed → the only decoder that may open it.
DECODERS: dict[str, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}


@dataclass(frozen=True, slots=True)
class Crop:
    """Which part of a picture is kept (left, top, right, bottom), and its size afterwards."""

    box: tuple[int, int, int, int]
    size: tuple[int, int]


def crop_of(width: int, height: int, *, longest_side: int, square: bool) -> Crop:
    """The middle square or the whole, made smaller to `longest_side` and never larger."""
    if square:
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return Crop((left, top, left + side, top + side), (min(side, longest_side),) * 2)
    longest = max(width, height)
    factor = min(1.0, longest_side / longest)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Crop((0, 0, width, height), size)

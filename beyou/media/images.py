"""Turns bytes that somebody sent into a picture of ours, or says why not. Pillow is imported on first use."""

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from beyou.media.errors import ImageTooLarge, ImageTooSmall, NotAnImage, UnreadableImage
from beyou.media.rules import DECODERS, MEBIBYTE, MOST_PIXELS, crop_of

if TYPE_CHECKING:
    from PIL.Image import Image

CONTENT_TYPE = "image/webp"
_QUALITY = 84
_EXIF_ORIENTATION = 0x0112

#: What Pillow's parsers raise on malformed files.
_MALFORMED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
)

#: A decoded picture may take 200 MB: one at a time in each process.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture without any metadata. `content_type` is `CONTENT_TYPE`."""

    data: bytes
    width: int
    height: int


def reencode(data: bytes, *, longest_side: int, square: bool, least_side: int) -> Picture:
    """The first frame, upright, cropped and scaled down, in our own encoding and nothing else.

    Raises `NotAnImage`, `ImageTooLarge`, `ImageTooSmall` or `UnreadableImage`; bytes and pixels are counted
    before anything is decoded.
    """
    if len(data) > settings.UPLOAD_FILE_BYTES:
        raise ImageTooLarge(
            f"This file has more than {settings.UPLOAD_FILE_BYTES // MEBIBYTE} MB. Please choose a smaller "
            "one, or save it again with fewer pixels."
        )
    decoder = sniff(data)
    with _one_at_a_time, _pillow():
        image = _open(data, decoder)
        _check_size(image.width, image.height, least_side)
        return _encode(_drawn(image, longest_side=longest_side, square=square))


@contextmanager
def _pillow() -> Iterator[None]:
    """Inside, Pillow refuses above `MOST_PIXELS` whatever it decodes, and what a file lacks is no warning."""
    from PIL import Image

    # Pillow warns above this number and refuses above twice as many.
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sniff(data: bytes) -> str:
    """Pillow's name of the format that the content shows. What the sender called it plays no part.

    Raises `NotAnImage`.
    """
    import puremagic

    try:
        found = puremagic.magic_string(data)
    except (ValueError, puremagic.PureError):
        found = []
    for match in found:
        if decoder := DECODERS.get(match.mime_type):
            return decoder
    what = "This file is empty." if not data else "This file is not a picture that can be used here."
    raise NotAnImage(f"{what} Please choose a JPEG, PNG, WebP or GIF.")


def _open(data: bytes, decoder: str) -> "Image":
    """The picture with its head read and nothing decoded."""
    from PIL import Image

    try:
        return Image.open(io.BytesIO(data), formats=(decoder,))
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except _MALFORMED as error:
        raise _unreadable() from error


def _check_size(width: int, height: int, least_side: int) -> None:
    if width * height > MOST_PIXELS:
        raise _too_many_pixels()
    if min(width, height) < least_side:
        raise ImageTooSmall(
            f"This picture has {width} × {height} pixels. Please choose one with at least "
            f"{least_side} on each side."
        )


def _too_many_pixels() -> ImageTooLarge:
    return ImageTooLarge(
        f"This picture has more than {MOST_PIXELS // 1_000_000} million pixels. Please make it smaller first."
    )


def _unreadable() -> UnreadableImage:
    return UnreadableImage(
        "This picture is damaged or was not sent whole. Please open it on your device, save it again, and "
        "choose that copy."
    )


def _drawn(image: "Image", *, longest_side: int, square: bool) -> "Image":
    from PIL import Image

    try:
        turn = _turn(image)
        _decode_small(image, longest_side)
        crop = crop_of(image.width, image.height, longest_side=longest_side, square=square)
        plain = _plain(image).resize(crop.size, Image.Resampling.LANCZOS, box=crop.box, reducing_gap=3.0)
        upright = plain.transpose(turn) if turn is not None else plain
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except _MALFORMED as error:
        raise _unreadable() from error
    # A copy of pixels alone: whatever else the file told of its maker stays behind.
    clean = Image.new(upright.mode, upright.size)
    clean.paste(upright)
    return clean


def _turn(image: "Image") -> "Image.Transpose | None":  # type: ignore[name-defined]  # a member of the module
    """How the picture must be turned to stand upright, as the camera noted it (EXIF 2.3, tag 274)."""
    from PIL.Image import Transpose

    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION)
    # A note that cannot be read turns nothing; the picture itself may still be whole.
    except _MALFORMED:
        return None
    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return turns.get(orientation) if isinstance(orientation, int) else None


def _decode_small(image: "Image", longest_side: int) -> None:
    """Lets the JPEG decoder leave out pixels that would be scaled away; others decode all."""
    if image.format in ("JPEG", "MPO") and image.mode in ("RGB", "L"):
        factor = min(1.0, longest_side / min(image.size))
        image.draft(None, (round(image.width * factor), round(image.height * factor)))


def _plain(image: "Image") -> "Image":
    """Eight bits a channel in RGB, or RGBA where something can be seen through."""
    if image.mode.startswith(("I", "F")):
        # Sixteen bits of grey: Pillow's own conversion cuts what is above 255 instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _encode(image: "Image") -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return Picture(buffer.getvalue(), image.width, image.height)

"""Hostile and odd uploads: no picture is refused with a reason, a picture loses all but its pixels."""

import io
import random
import time
import zipfile

import pytest
from PIL import Image

from beyou.core.errors import ApplicationError
from beyou.media import images
from beyou.media.errors import ImageTooLarge, ImageTooSmall, NotAnImage, UnreadableImage
from beyou.media.images import Picture
from tests.factories import pictures

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def reencode(data: bytes, longest_side: int = 128, *, square: bool = False) -> Picture:
    return images.reencode(data, longest_side=longest_side, square=square, least_side=16)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data), formats=("WEBP",))


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("picture.png", pictures.picture("PNG"))
    return buffer.getvalue()


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (90, 90)).save(buffer, kind)
    return buffer.getvalue()


NO_PICTURES = {
    "nothing": b"",
    "one byte": b"\xff",
    "html": b"<!doctype html><html><body><script>alert(1)</script></body></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg behind a declaration": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "script": b"alert(document.cookie)//" * 20,
    "pdf": b"%PDF-1.7\n" + b"\0" * 200,
    "zip": _zip(),
    "program": b"\x7fELF" + b"\0" * 200,
    "bmp": _encoded("BMP"),
    "tiff": _encoded("TIFF"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n" + b"\0" * 100,
    "icon": _encoded("ICO"),
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100,
    "nul": b"\0" * 5000,
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 100,
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises((NotAnImage, UnreadableImage)) as caught:
        reencode(NO_PICTURES[name])
    assert "Please" in caught.value.detail


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_becomes_ours(kind: str) -> None:
    done = reencode(pictures.picture(kind, (400, 200)))
    assert (done.width, done.height) == opened(done).size == (128, 64)
    assert opened(done).mode == "RGB"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_small_picture_is_not_made_larger(kind: str) -> None:
    assert opened(reencode(pictures.picture(kind, (100, 40)), 4000)).size == (100, 40)


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [((400, 200), 128, 128), ((200, 400), 128, 128), ((90, 500), 128, 90), ((3000, 2000), 256, 256)],
)
def test_a_square_is_cut_from_the_middle(size: tuple[int, int], longest: int, expected: int) -> None:
    done = opened(reencode(pictures.picture("JPEG", size), longest, square=True))
    assert done.size == (expected, expected)
    # The gradients are symmetric about the middle, so that is where the middle values must be.
    red, _, blue = done.getpixel((expected // 2, expected // 2))  # type: ignore[misc]
    assert abs(red - 127) < 12
    assert abs(blue - 127) < 12


@pytest.mark.parametrize("kind", FORMATS)
def test_no_secret_of_the_file_survives(kind: str) -> None:
    data = pictures.with_secrets(kind)
    done = reencode(data)
    assert pictures.CANARY[:10].encode() not in done.data
    image = opened(done)
    assert not image.getexif()
    assert {"exif", "xmp", "icc_profile", "comment"} & set(image.info) == set()
    for name in (b"EXIF", b"XMP ", b"ICCP"):
        assert name not in done.data


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_as_its_camera_noted(orientation: int) -> None:
    upright = Image.open(io.BytesIO(pictures.picture("PNG", (240, 120))))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    stored.save(buffer, "PNG", exif=exif)
    done = opened(reencode(buffer.getvalue(), 240))
    assert done.size == (240, 120)
    for place in ((20, 20), (220, 20), (20, 100), (220, 100)):
        wanted, found = upright.getpixel(place), done.getpixel(place)
        assert all(abs(a - b) < 16 for a, b in zip(wanted, found, strict=True)), place  # type: ignore[arg-type]


def test_a_broken_note_of_orientation_turns_nothing() -> None:
    data = bytearray(pictures.picture("JPEG", orientation=6))
    at = data.index(b"Exif\0\0") + 10
    data[at : at + 20] = b"\xff" * 20
    assert opened(reencode(bytes(data))).size == (128, 96)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_becomes_its_first_frame(kind: str) -> None:
    done = opened(reencode(pictures.animation(kind)))
    assert getattr(done, "n_frames", 1) == 1
    red, green, blue = done.convert("RGB").getpixel((40, 40))  # type: ignore[misc]
    assert red > 200
    assert green < 60
    assert blue < 60


def test_a_polyglot_loses_its_tail() -> None:
    for tail in (b"<script>alert('tail-here')</script>", _zip() + b"tail-here"):
        for kind in FORMATS:
            done = reencode(pictures.picture(kind) + tail)
            assert b"tail-here" not in done.data
            assert b"script" not in done.data
            assert not zipfile.is_zipfile(io.BytesIO(done.data))


def test_a_gif_that_is_a_script_loses_the_script() -> None:
    data = pictures.picture("GIF", (47, 47))
    comment = b"*/=1;alert('in-comment')//"
    extension = b"\x21\xfe" + bytes([len(comment)]) + comment + b"\0"
    head = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    done = reencode(data[:head] + extension + data[head:])
    assert b"in-comment" not in done.data


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "LA", "I;16", "YCbCr"])
def test_every_kind_of_colour_is_taken(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    drawn = (
        Image.new(mode, (90, 90), 30_000)
        if mode == "I;16"
        else Image.new("RGB", (90, 90), "grey").convert(mode)
    )
    buffer = io.BytesIO()
    drawn.save(buffer, kind)
    done = opened(reencode(buffer.getvalue()))
    assert done.mode in ("RGB", "RGBA")
    assert all(80 < channel < 160 for channel in done.convert("RGB").getpixel((40, 40)))  # type: ignore[union-attr]


def test_transparency_stays() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (90, 90), (200, 0, 0, 0)).save(buffer, "PNG")
    done = opened(reencode(buffer.getvalue()))
    assert done.mode == "RGBA"
    assert done.getpixel((40, 40))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("size", [(60_000, 60_000), (65_535, 1), (50_001, 1_000), (2**31 - 1, 2**31 - 1)])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    reencode(pictures.picture("PNG"))
    data, started = pictures.pixel_bomb(*size), time.perf_counter()
    with pytest.raises((ImageTooLarge, ImageTooSmall, UnreadableImage)):
        reencode(data)
    assert time.perf_counter() - started < 0.2


def test_a_gif_frame_larger_than_its_screen_is_no_bomb() -> None:
    data = bytearray(pictures.picture("GIF", (90, 90)))
    at = data.index(b"\x2c", 13 + 3 * 2 ** ((data[10] & 7) + 1))
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    started = time.perf_counter()
    with pytest.raises((ImageTooLarge, UnreadableImage)):
        reencode(bytes(data))
    assert time.perf_counter() - started < 1


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ImageTooLarge, match="8 MB"):
        reencode(pictures.picture("JPEG") + bytes(8 * 1024 * 1024))


def test_a_picture_of_few_pixels_is_refused() -> None:
    with pytest.raises(ImageTooSmall, match="at least 16"):
        reencode(pictures.picture("PNG", (15, 200)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_a_picture_that_was_cut_off_is_refused(kind: str, part: float) -> None:
    data = pictures.picture(kind, (640, 480))
    with pytest.raises((UnreadableImage, NotAnImage)):
        reencode(data[: int(len(data) * part)])


@pytest.mark.parametrize("kind", FORMATS)
def test_noise_in_a_picture_gives_a_picture_or_a_reason(kind: str) -> None:
    chance = random.Random(kind)
    whole = pictures.picture(kind, (160, 120), orientation=6)
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 4, 40))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            done = reencode(bytes(data))
        except ApplicationError:
            continue
        assert opened(done).width <= 128

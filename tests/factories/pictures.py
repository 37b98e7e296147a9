"""Pictures as members send them, and as attackers do."""

import io
import struct
import zlib

from PIL import Image, TiffImagePlugin

#: Stands in the metadata of `with_secrets` in several places; must be in nothing that is stored or served.
CANARY = "CANARY-52.5200-13.4050"


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (320, 240), mode: str = "RGB", *, orientation: int = 0
) -> bytes:
    """A gradient from dark (left) to light (right), red at the top and blue at the bottom."""
    across = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    drawn = Image.merge("RGB", (across, Image.new("L", size, 90), down)).convert(mode)
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    buffer = io.BytesIO()
    drawn.save(buffer, kind, **({"exif": exif} if orientation else {}))
    return buffer.getvalue()


def with_secrets(kind: str = "JPEG") -> bytes:
    """A picture that tells its place, its camera and a comment in every way that its format knows."""
    exif = Image.Exif()
    exif[0x010F] = CANARY
    exif[0x9286] = CANARY
    degrees = tuple(TiffImagePlugin.IFDRational(number) for number in (52, 31, 12))
    exif.get_ifd(0x8825).update({1: "N", 2: degrees, 29: CANARY[:10]})
    image = Image.open(io.BytesIO(picture("PNG")))
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>{CANARY}</secret></x:xmpmeta>'.encode()
    buffer = io.BytesIO()
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        notes = PngInfo()
        notes.add_text("Comment", CANARY)
        notes.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image.save(buffer, kind, exif=exif, pnginfo=notes, icc_profile=CANARY.encode())
    elif kind == "GIF":
        image.save(buffer, kind, comment=CANARY.encode())
    elif kind == "WEBP":
        image.save(buffer, kind, exif=exif, xmp=xmp, icc_profile=CANARY.encode())
    else:
        image.save(buffer, kind, exif=exif, xmp=xmp, comment=CANARY, icc_profile=CANARY.encode())
    assert CANARY.encode() in buffer.getvalue()
    return buffer.getvalue()


def animation(kind: str, frames: int = 5) -> bytes:
    """Its first frame is red, the others are not."""
    colours = ["red", "blue", "green", "white", "black"]
    images = [Image.new("RGB", (96, 96), colours[number % 5]) for number in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, kind, save_all=True, append_images=images[1:], duration=50, loop=0)
    return buffer.getvalue()


def pixel_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A small PNG that claims to be huge, and would be huge once decoded."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")

"""Writes who looks, and when, across a document, so that a photograph of the screen names its source."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

CONTENT_TYPE = "image/webp"
_QUALITY = 88
_ANGLE = 24


def watermarked(data: bytes, text: str) -> bytes:
    """The picture with the text across all of it, as WebP. Pillow is imported on first use."""
    from PIL import Image, ImageDraw

    picture = Image.open(io.BytesIO(data), formats=("WEBP",)).convert("RGBA")
    size = max(18, max(picture.size) // 45)
    font = _font(size)
    reach = int((picture.width**2 + picture.height**2) ** 0.5)
    layer = Image.new("RGBA", (reach, reach), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    length = int(draw.textlength(text, font=font)) + 3 * size
    for row, top in enumerate(range(0, reach, 5 * size)):
        for left in range(-(row % 2) * length // 2, reach, length):
            # Light on dark and dark on light: it can be read on any ground.
            draw.text((left + 1, top + 1), text, font=font, fill=(0, 0, 0, 110))
            draw.text((left, top), text, font=font, fill=(255, 255, 255, 120))
    turned = layer.rotate(_ANGLE, resample=Image.Resampling.BILINEAR)
    corner = ((reach - picture.width) // 2, (reach - picture.height) // 2)
    box = (*corner, corner[0] + picture.width, corner[1] + picture.height)
    marked = Image.alpha_composite(picture, turned.crop(box)).convert("RGB")
    buffer = io.BytesIO()
    marked.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()


@lru_cache(maxsize=8)
def _font(size: int) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size=size)

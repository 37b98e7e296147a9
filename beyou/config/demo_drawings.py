"""Drawings of things that nobody owns, for the demo's market. Nothing but the demo imports this."""

import io
from typing import Final

#: Shapes on a field of 100 by 100: kind, corners, colour. Later ones lie above earlier ones.
Shape = tuple[str, tuple[float, ...], str]

BACKGROUNDS: Final = (
    ("#f6d9c9", "#e8b89c"), ("#dfe7d2", "#b9cda2"), ("#d5e6ee", "#a4c8da"), ("#eadcf0", "#cbb1dc"),
    ("#f4e6c4", "#e3c98a"), ("#dcdfe6", "#b4bbca"),
)  # fmt: skip

DRAWINGS: Final[dict[str, tuple[Shape, ...]]] = {
    "lamp": (("p", (34, 46, 44, 18, 58, 18, 68, 46), "#c8862a"), ("r", (49, 46, 53, 80), "#6b4a1d"), ("e", (34, 76, 68, 84), "#8a6126")),
    "bike": (("o", (14, 46, 44, 76), "#2f3542"), ("o", (56, 46, 86, 76), "#2f3542"), ("l", (29, 61, 44, 38, 66, 38, 71, 61), "#b23a3a"), ("l", (29, 61, 52, 61, 66, 38), "#b23a3a"), ("l", (44, 38, 52, 61), "#b23a3a"), ("l", (64, 30, 72, 30), "#2f3542"), ("l", (40, 33, 48, 33), "#2f3542")),
    "mug": (("o", (58, 40, 82, 66), "#6d7f76"), ("r", (28, 32, 66, 78), "#8aa096"), ("e", (28, 27, 66, 37), "#5d4636"), ("r", (28, 56, 66, 62), "#d9d2c0")),
    "keyboard": (("r", (12, 38, 88, 68), "#3c4250"), *(("r", (16 + 9 * x, 42 + 8 * y, 23 + 9 * x, 48 + 8 * y), "#e6e2d8" if (x + y) % 5 else "#d88a4a") for y in range(3) for x in range(8))),
    "shirt": (("p", (22, 34, 40, 22, 60, 22, 78, 34, 70, 48, 64, 44, 64, 82, 36, 82, 36, 44, 30, 48), "#4f6b57"), ("p", (42, 22, 58, 22, 50, 32), "#39503f"), ("l", (50, 32, 50, 82), "#39503f")),
    "camera": (("r", (16, 34, 84, 74), "#3a3a40"), ("r", (38, 26, 62, 36), "#55555d"), ("r", (16, 34, 84, 42), "#b9b4a8"), ("e", (36, 40, 64, 68), "#1f1f24"), ("e", (42, 46, 58, 62), "#4d6a86")),
    "table": (("r", (14, 40, 86, 48), "#8b5a36"), ("p", (22, 48, 28, 48, 24, 84, 20, 84), "#6f4527"), ("p", (72, 48, 78, 48, 80, 84, 76, 84), "#6f4527"), ("e", (44, 28, 58, 42), "#a8b89a")),
    "shoes": (("p", (14, 62, 22, 40, 38, 42, 50, 56, 60, 60, 60, 68, 14, 68), "#c2503f"), ("r", (14, 67, 60, 72), "#2d2d33"), ("p", (42, 74, 50, 52, 66, 54, 78, 68, 88, 72, 88, 80, 42, 80), "#d4705f"), ("r", (42, 79, 88, 84), "#2d2d33")),
    "books": (("r", (26, 28, 40, 80), "#36577a"), ("r", (41, 34, 52, 80), "#a44a3f"), ("r", (53, 24, 64, 80), "#d8b45a"), ("p", (66, 36, 76, 32, 86, 78, 76, 80), "#5d7d5a")),
    "guitar": (("e", (22, 48, 56, 84), "#b5702f"), ("e", (36, 36, 62, 64), "#b5702f"), ("e", (38, 56, 50, 68), "#3b2412"), ("l", (46, 60, 80, 20), "#4a2f18"), ("r", (76, 14, 86, 24), "#4a2f18")),
    "plant": (("p", (36, 62, 64, 62, 60, 84, 40, 84), "#b3623f"), ("e", (30, 30, 50, 62), "#4f7d4c"), ("e", (48, 26, 66, 62), "#679a5f"), ("e", (40, 18, 58, 56), "#3f6b3e")),
    "backpack": (("e", (32, 18, 68, 50), "#2f5668"), ("r", (28, 32, 72, 82), "#3c6d82"), ("r", (34, 54, 66, 76), "#2f5668"), ("l", (34, 60, 66, 60), "#d8b45a")),
    "tent": (("p", (12, 78, 50, 24, 88, 78), "#c98a3a"), ("p", (40, 78, 50, 44, 60, 78), "#5b3e1d"), ("l", (8, 78, 92, 78), "#5d7d5a")),
    "headphones": (("o", (24, 22, 76, 78), "#33363f"), ("r", (18, 52, 34, 80), "#4a4f5c"), ("r", (66, 52, 82, 80), "#4a4f5c")),
    "phone": (("r", (34, 16, 66, 84), "#24262d"), ("r", (37, 21, 63, 77), "#6c8fc2"), ("e", (47, 78, 53, 83), "#4a4f5c")),
    "chair": (("r", (32, 18, 68, 50), "#7c5a8c"), ("r", (28, 52, 72, 62), "#684a78"), ("l", (32, 62, 28, 86), "#4a3322"), ("l", (68, 62, 72, 86), "#4a3322")),
    "print": (("r", (22, 18, 78, 82), "#4a3a2a"), ("r", (27, 23, 73, 77), "#f3ead8"), ("e", (52, 30, 66, 44), "#d87a4a"), ("p", (27, 77, 44, 48, 60, 66, 73, 54, 73, 77), "#3f5f7a")),
    "ring": (("o", (30, 38, 70, 78), "#c9a24a"), ("p", (42, 28, 58, 28, 64, 36, 50, 48, 36, 36), "#7fb4c9")),
    "drill": (("r", (20, 32, 66, 52), "#d8a13a"), ("p", (46, 52, 62, 52, 68, 82, 52, 82), "#2f3238"), ("r", (66, 38, 76, 46), "#55585f"), ("l", (76, 42, 90, 42), "#8a8d94")),
    "blocks": (("r", (20, 54, 46, 80), "#c94f4f"), ("r", (50, 54, 76, 80), "#4f7fc9"), ("p", (34, 52, 48, 26, 62, 52), "#e0b13f")),
    "record": (("e", (18, 18, 82, 82), "#1e1e22"), ("o", (28, 28, 72, 72), "#3a3a42"), ("e", (40, 40, 60, 60), "#c9573f"), ("e", (48, 48, 52, 52), "#f3ead8")),
    "kettle": (("o", (36, 14, 64, 46), "#5a3a24"), ("e", (26, 34, 74, 82), "#b06a3c"), ("p", (70, 48, 88, 36, 90, 42, 74, 62), "#b06a3c"), ("e", (42, 30, 58, 40), "#8a4f2a")),
    "pram": (("c", (20, 16, 76, 72), "#4a6f8a"), ("r", (30, 44, 74, 60), "#5f8aa8"), ("o", (26, 62, 44, 80), "#2f3542"), ("o", (58, 62, 76, 80), "#2f3542"), ("l", (74, 46, 88, 30), "#2f3542")),
    "axe": (("l", (30, 84, 62, 26), "#8a5a30"), ("p", (52, 20, 78, 26, 80, 46, 60, 42), "#8d939c")),
}  # fmt: skip


def drawing(name: str, number: int, *, side: int = 640) -> bytes:
    """The drawing as a JPEG on a background that goes by the number."""
    from PIL import Image, ImageDraw

    first, last = BACKGROUNDS[number % len(BACKGROUNDS)]
    size = side * 2
    shade = Image.linear_gradient("L").resize((size, size))
    image = Image.composite(
        Image.new("RGB", (size, size), last), Image.new("RGB", (size, size), first), shade
    )
    pen, unit = ImageDraw.Draw(image), size / 100
    pen.ellipse([unit * each for each in (16, 80, 84, 90)], fill=last)
    for kind, corners, colour in DRAWINGS[name]:
        points = [unit * each for each in corners]
        if kind == "p":
            pen.polygon(points, fill=colour)
        elif kind == "r":
            pen.rounded_rectangle(points, radius=2 * unit, fill=colour)
        elif kind == "e":
            pen.ellipse(points, fill=colour)
        elif kind == "o":
            pen.ellipse(points, outline=colour, width=round(4 * unit))
        elif kind == "c":
            pen.pieslice(points, 180, 360, fill=colour)
        else:
            pen.line(points, fill=colour, width=round(3.5 * unit), joint="curve")
    buffer = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()

"""Identity documents of people who do not exist."""

import io
from functools import lru_cache

from PIL import Image, ImageDraw

from beyou.users.models import User
from beyou.verification import services
from beyou.verification.models import VerificationRequest

REASON = "I sell lamps and want buyers to trust me."


@lru_cache(maxsize=4)
def picture(width: int = 900, height: int = 600, kind: str = "JPEG") -> bytes:
    """A picture that looks like a card."""
    image = Image.new("RGB", (width, height), "#dde4ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 12, height // 6, width // 3, height // 1.3), fill="#99a8bb")
    for line in range(6):
        top = height // 6 + line * height // 9
        draw.rectangle((width // 2.4, top, width - width // (4 + line), top + height // 24), fill="#334")
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def request_of(member: User, *, reason: str = REASON) -> VerificationRequest:
    """The member asks to be verified."""
    return services.submit(member_id=member.pk, reason=reason, image=picture())

"""The demo's owner, whose second step anybody may read. Nothing but the demo imports this."""

import io
from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator

from beyou.core import clock
from beyou.users import codes, factors, services
from beyou.users.models import User
from beyou.users.rules import Level

HANDLE, NAME = "sam", "Sam Spruce"


@dataclass(frozen=True, slots=True)
class Code:
    """The code of this moment, the secret for an authenticator app, and how many seconds the code lasts."""

    code: str
    secret: str
    seconds: int


def appoint(member_id: UUID) -> None:
    """The member is an owner with an authenticator app whose secret is this instance's own."""
    services.grant_level(member_id=member_id, level=Level.OWNER, granted_by_id=None)
    secret = codes.new_secret()
    # The code before the present one proves the app, so that the present one is not spent.
    before = codes.time_step(clock.now_ms()) - 1
    factors.add_app(member_id=member_id, secret=secret, typed=codes.totp(secret, before))


def present_code() -> Code | None:
    """None on an instance without this member, or when the app was removed."""
    owner = User.objects.filter(handle=HANDLE, is_demo=True)
    app = Authenticator.objects.filter(user__in=owner, type=Authenticator.Type.TOTP).first()
    if app is None:
        return None
    secret = factors.MfaAdapter().decrypt(app.data["secret"])
    moment = clock.now_ms()
    left = codes.TOTP_SECONDS - moment // 1000 % codes.TOTP_SECONDS
    return Code(codes.totp(secret, codes.time_step(moment)), secret, left)


def card() -> bytes:
    """A drawing that stands for an identity card of somebody who does not exist."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (1000, 640), "#e6ebf5")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1000, 110), fill="#4a56a6")
    draw.rectangle((60, 170, 340, 540), fill="#b9c3da")
    draw.ellipse((140, 220, 260, 350), fill="#7d8bb0")
    draw.pieslice((90, 370, 310, 640), 180, 360, fill="#7d8bb0")
    draw.text((60, 30), "DEMO CARD", font=ImageFont.load_default(size=48), fill="white")
    for line, text in enumerate(
        ("CHARLIE CEDAR", "Born 1 April 1990", "Valid until 31 December 2035", "No. 0000 0000")
    ):
        draw.text((390, 190 + 85 * line), text, font=ImageFont.load_default(size=36), fill="#222a44")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

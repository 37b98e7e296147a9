"""How a stored picture goes out. Only a view that has already decided who may see it calls this."""

from django.http import HttpResponse

from beyou.media.models import MediaFile
from beyou.media.services import bytes_of

#: A picture that somebody opens by itself runs nothing and loads nothing.
POLICY = "sandbox; default-src 'none'"


def media_response(file: MediaFile) -> HttpResponse:
    """The bytes, decrypted when they need it, under a type and a name of ours.

    The bytes of an id never change, so the reader's own browser may keep them; encrypted ones nobody keeps.
    Raises `MediaLost`.
    """
    response = HttpResponse(bytes_of(file), content_type=file.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    response["Content-Disposition"] = 'inline; filename="picture.webp"'
    response["Cache-Control"] = "no-store" if file.wrapped_key else "private, max-age=31536000, immutable"
    response["Vary"] = "Cookie"
    return response

"""What a member sends with a request."""

from collections.abc import Collection
from typing import Any

from django import forms

from beyou.verification.rules import Part

_IMAGE_HELP = "JPEG, PNG or WebP of an identity card, passport or driving licence. You may cover numbers."


class RequestForm(forms.Form):
    """The parts that are asked for, and no others."""

    reason = forms.CharField(
        label="Why do you want to be verified?",
        help_text="One or two sentences. Only those who review it read them.",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
        error_messages={"required": "Say in a sentence why you want to be verified."},
    )
    image = forms.FileField(
        label="Picture of your document",
        help_text=_IMAGE_HELP,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
        error_messages={"required": "Choose a picture of your document."},
    )

    def __init__(self, *args: Any, parts: Collection[Part] = tuple(Part), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in Part:
            if part not in parts:
                del self.fields[part.value]

    def image_bytes(self) -> bytes | None:
        """What was uploaded; None when no picture was asked for."""
        upload = self.cleaned_data.get("image")
        return bytes(upload.read()) if upload is not None else None

"""The forms of a member's own profile, contact data and privacy. What is allowed the services decide."""

from typing import Any

from django import forms

from beyou.users.models import User
from beyou.users.rules import BIO_LENGTH, NAME_LENGTH, Audience, Readers, Writers

_AUDIENCES = [
    (Audience.EVERYBODY.value, "Everybody"),
    (Audience.FRIENDS_OF_FRIENDS.value, "Friends of my friends"),
    (Audience.NOBODY.value, "Nobody but my friends"),
]
_WRITERS = [(Writers.FRIENDS.value, "My friends"), (Writers.NOBODY.value, "Nobody")]
_READERS = [(Readers.NOBODY.value, "Nobody"), (Readers.FRIENDS.value, "My friends")]


class ProfileForm(forms.Form):
    """Handle, name and text."""

    name = forms.CharField(
        label="Name",
        help_text="How others see you. Leave it empty to show your handle.",
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    handle = forms.CharField(
        label="Handle",
        help_text="How friends find you. It can change every two weeks; the old one stays yours for 30 days.",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    bio = forms.CharField(
        label="About you",
        help_text=f"At most {BIO_LENGTH} characters. Everybody who can see your profile reads it.",
        # More than may be stored, so that the service can say how many there are.
        max_length=BIO_LENGTH * 4,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Browsers stop where the service does.
        self.fields["bio"].widget.attrs["maxlength"] = BIO_LENGTH

    @classmethod
    def of(cls, member: User) -> "ProfileForm":
        return cls(initial={"name": member.name, "handle": member.handle, "bio": member.bio})


class PictureForm(forms.Form):
    picture = forms.FileField(
        label="Your picture",
        help_text="JPEG, PNG, WebP or GIF, at most 8 MB. The place where it was taken is removed.",
        allow_empty_file=True,
        error_messages={"required": "Choose a picture first."},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="New e-mail address",
        help_text="We send a code there, and ask your present address too.",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code from the new address",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class AnswerForm(forms.Form):
    """What the old address says to a change."""

    answer = forms.ChoiceField(choices=[("agree", "agree"), ("stop", "stop")])


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label="Telephone number",
        help_text="With the code of the country, such as +49 30 901820. It is encrypted, and nobody signs in "
        "with it.",
        max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )


class PrivacyForm(forms.Form):
    """Who may do what."""

    found_by = forms.ChoiceField(label="Who may find me by search?", choices=_AUDIENCES)
    asked_by = forms.ChoiceField(label="Who may ask me for friendship?", choices=_AUDIENCES)
    written_by = forms.ChoiceField(
        label="Who may begin a chat with me?",
        choices=_WRITERS,
        help_text="Only friends ever can. Chats that you have go on.",
    )
    email_for = forms.ChoiceField(label="Who sees my e-mail address on my profile?", choices=_READERS)
    phone_for = forms.ChoiceField(label="Who sees my telephone number on my profile?", choices=_READERS)
    read_receipts = forms.BooleanField(
        label="Show others when I have read their messages",
        help_text="It is mutual: without it you do not see either when others have read yours.",
        required=False,
    )

    @classmethod
    def of(cls, member: User) -> "PrivacyForm":
        return cls(initial={name: getattr(member, name) for name in cls.base_fields})

    def choices(self) -> dict[str, Any]:
        """What `services.change_privacy` takes."""
        data = self.cleaned_data
        return {
            "found_by": Audience(data["found_by"]),
            "asked_by": Audience(data["asked_by"]),
            "written_by": Writers(data["written_by"]),
            "email_for": Readers(data["email_for"]),
            "phone_for": Readers(data["phone_for"]),
            "read_receipts": data["read_receipts"],
        }

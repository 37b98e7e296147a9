"""What a member types to leave."""

from django import forms


class LeaveForm(forms.Form):
    """The own handle, so that nobody leaves by a slip."""

    handle = forms.CharField(
        label="Your handle",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: object, own_handle: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        self._own_handle = own_handle
        self.fields["handle"].help_text = f"Type @{own_handle} to show that you mean it."

    def clean_handle(self) -> str:
        typed: str = self.cleaned_data["handle"].strip().removeprefix("@").lower()
        if typed != self._own_handle:
            raise forms.ValidationError(f"This is not your handle. Type @{self._own_handle}.")
        return typed

"""What the activity page takes."""

from django import forms


class PositionForm(forms.Form):
    before = forms.UUIDField(required=False)

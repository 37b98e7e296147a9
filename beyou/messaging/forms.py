"""Forms of pages that work without JavaScript."""

from django import forms


class MessageForm(forms.Form):
    """A text that the server may read. The id comes with the page, so a repeated post gives one message."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    # Not stripped: what was typed is what arrives. Length and emptiness are the service's to judge.
    text = forms.CharField(strip=False, required=False, widget=forms.Textarea(attrs={"rows": 1}))


class PositionForm(forms.Form):
    """Where in a thread a page begins or ends, as it stands in the address."""

    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    before = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class ReadForm(forms.Form):
    seq = forms.IntegerField(min_value=0, max_value=2**63 - 1)


class SearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=60)
    cursor = forms.CharField(required=False, max_length=60)

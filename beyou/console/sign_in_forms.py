"""What the staff pages of sign-ins take."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms

from beyou.users.address_blocks import MAX_DAYS
from beyou.users.address_rules import LONGEST, AddressRange, range_of
from beyou.users.queries import member_id_of_handle
from beyou.users.rules import plain_handle
from beyou.users.sign_in_log import Wanted

#: Outcomes of attempts as the staff read them.
OUTCOMES = {
    "success": "Signed in",
    "bad_credentials": "Wrong password",
    "unknown": "Unknown account",
    "limited": "Too many attempts",
    "inactive": "Account closed",
    "banned": "Account closed (old)",
    "unconfirmed": "Address not confirmed",
    "decoy": "Decoy",
    "awaiting_factor": "Waits for the second step",
    "bad_code": "Wrong second step",
    "passkey_failed": "Wrong passkey",
    "address_blocked": "Address blocked",
}

#: What was shown last to prove the member.
METHODS = {
    "password": "Password",
    "totp": "Authenticator app",
    "recovery_code": "Recovery code",
    "passkey": "Passkey",
    "provider": "Identity provider",
    "mailed_code": "Mailed code",
    "token": "Token",
}
_FILTERS = ("handle", "addresses", "outcome", "path", "method", "since", "until")


def _moment(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget)


class LogForm(forms.Form):
    """Filters and place of the sign-in log."""

    handle = forms.CharField(label="Member (handle)", required=False, max_length=31)
    addresses = forms.CharField(label="Address or range", required=False, max_length=LONGEST)
    outcome = forms.ChoiceField(label="Outcome", required=False, choices=[("", "Any"), *OUTCOMES.items()])
    path = forms.CharField(label="Path begins with", required=False, max_length=100)
    method = forms.ChoiceField(label="Method", required=False, choices=[("", "Any"), *METHODS.items()])
    since = _moment("From (UTC)")
    until = _moment("Before (UTC)")
    before = forms.UUIDField(required=False)
    live = forms.BooleanField(required=False)

    _member_id: UUID | None = None
    _range: AddressRange | None = None

    def clean_handle(self) -> str:
        handle = plain_handle(self.cleaned_data["handle"])
        if handle:
            self._member_id = member_id_of_handle(handle)
            if self._member_id is None:
                raise forms.ValidationError("There is no member with this handle.")
        return handle

    def clean_addresses(self) -> str:
        text: str = self.cleaned_data["addresses"]
        if text:
            try:
                self._range = range_of(text)
            except ValueError:
                raise forms.ValidationError(
                    "Type an address or a range, such as 192.0.2.0/24 or 2001:db8::/48."
                ) from None
        return text

    def wanted(self) -> Wanted:
        """Once the form is valid."""
        data = self.cleaned_data
        exact = {name: data[name] for name in ("outcome", "path", "method", "since", "until")}
        return Wanted(member_id=self._member_id, addresses=self._range, **exact)

    def query(self, **more: Any) -> str:
        """The filters as the part of an address behind the question mark."""
        chosen = {name: self.cleaned_data[name] for name in _FILTERS if self.cleaned_data[name]}
        for name in ("since", "until"):
            if name in chosen:
                chosen[name] = chosen[name].strftime("%Y-%m-%dT%H:%M:%S")
        return urlencode(chosen | more)


class BlockForm(forms.Form):
    """A range to block."""

    network = forms.CharField(
        label="Address or range",
        max_length=LONGEST,
        help_text="Such as 192.0.2.66, 192.0.2.0/24 or 2001:db8::/48.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    days = forms.IntegerField(label="Days", min_value=1, max_value=MAX_DAYS, initial=1)
    reason = forms.CharField(
        label="Why",
        min_length=5,
        max_length=200,
        help_text="It stands in the audit. Those in the range do not read it.",
    )


class LiftBlockForm(forms.Form):
    why = forms.CharField(min_length=5, max_length=200)

"""What the staff pages of members take."""

from typing import Any

from django import forms

from beyou.users.staff_queries import Standing

_WORDS = {
    Standing.VERIFIED: "Verified",
    Standing.UNVERIFIED: "Not verified",
    Standing.STAFF: "Staff",
    Standing.LIMITED: "Limited",
    Standing.SUSPENDED: "Suspended",
    Standing.CLOSED: "Closed",
    Standing.LEAVING: "Leaving",
    Standing.ERASED: "Erased",
}


class MembersForm(forms.Form):
    """Filters and place of the list of members."""

    q = forms.CharField(label="Handle, name, whole address or id", required=False, max_length=254, strip=True)
    standing = forms.ChoiceField(
        label="Standing",
        required=False,
        choices=[("", "Any"), *((each.value, _WORDS[each]) for each in Standing)],
    )
    before = forms.UUIDField(required=False)

    def carried(self) -> dict[str, Any]:
        """The filters that the address of the next page repeats."""
        return {name: self.cleaned_data[name] for name in ("q", "standing") if self.cleaned_data[name]}


class WhyForm(forms.Form):
    """Why somebody looks at private data, or ends sessions."""

    why = forms.CharField(
        label="Why",
        min_length=5,
        max_length=200,
        help_text="It stands in the audit. The member learns of the look after 30 days.",
        error_messages={
            "required": "Say why: it stands in the audit.",
            "min_length": "Say it in a few words: it stands in the audit.",
        },
    )


class EndForm(WhyForm):
    why = forms.CharField(
        label="Why",
        min_length=5,
        max_length=200,
        help_text="It stands in the audit. The member signs in again wherever they were.",
        error_messages={
            "required": "Say why: it stands in the audit.",
            "min_length": "Say it in a few words: it stands in the audit.",
        },
    )

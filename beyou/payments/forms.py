"""What a seller sends about their money."""

from typing import Any

from django import forms

from beyou.core.ids import uuid7
from beyou.core.money import NotMoney, parse, plain_amount
from beyou.payments.rules import MOST_MINOR


class PayoutForm(forms.Form):
    """How much of one balance goes to the bank. `id` makes a form that is sent twice one payout."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    currency = forms.RegexField(
        r"^[A-Z]{3}$", widget=forms.HiddenInput, error_messages={"invalid": "There is no such currency."}
    )
    amount = forms.CharField(
        label="Amount",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Type how much you want, such as 12.50."},
    )

    @classmethod
    def for_balance(cls, amount_minor: int, currency: str) -> "PayoutForm":
        """The form that offers everything there is."""
        whole = plain_amount(amount_minor, currency)
        return cls(
            initial={"id": uuid7(), "currency": currency, "amount": whole}, auto_id=f"id_{currency}_%s"
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "amount" in cleaned and "currency" in cleaned:
            try:
                cleaned["amount_minor"] = parse(cleaned["amount"], cleaned["currency"])
            except NotMoney as error:
                self.add_error("amount", str(error))
            else:
                self._check_size(cleaned["amount_minor"])
        return cleaned

    def _check_size(self, amount_minor: int) -> None:
        if not 0 < amount_minor <= MOST_MINOR:
            self.add_error("amount", "Type an amount above zero that your balance holds.")


class PositionForm(forms.Form):
    before = forms.UUIDField(required=False)

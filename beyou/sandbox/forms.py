"""What is chosen on the bank's page."""

from django import forms

from beyou.sandbox.rules import Card


class CardForm(forms.Form):
    card = forms.ChoiceField(
        choices=[(card.value, card.value) for card in Card],
        error_messages={"required": "Choose a card.", "invalid_choice": "There is no such card here."},
    )

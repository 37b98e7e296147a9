"""What the pages of friends take."""

from django import forms

from beyou.friends.rules import Step


class SearchForm(forms.Form):
    q = forms.CharField(required=False, max_length=60)


class PositionForm(forms.Form):
    after = forms.CharField(required=False, max_length=30)


class StepForm(forms.Form):
    step = forms.ChoiceField(choices=[(step.value, step.value) for step in Step])

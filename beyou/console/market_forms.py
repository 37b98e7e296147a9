"""What the staff pages of the market take."""

from typing import Any

from django import forms

from beyou.marketplace.queries.staff import STATES, Bough
from beyou.marketplace.rules import CATEGORY_LENGTH, REASON_LENGTH, State
from beyou.users.rules import plain_handle

WORDS = {
    State.AVAILABLE: "On the market",
    State.SOLD: "Sold",
    State.INACTIVE_SELLER: "Paused",
    State.INACTIVE_STAFF: "Taken off",
}


class ItemsForm(forms.Form):
    """Filters and place of the list of items."""

    q = forms.CharField(label="Title or id", required=False, max_length=80)
    handle = forms.CharField(label="Seller", required=False, max_length=31)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "Any"), *((state.value, WORDS[state]) for state in STATES)],
    )
    before = forms.UUIDField(required=False)

    def clean_handle(self) -> str:
        return plain_handle(self.cleaned_data["handle"])

    def carried(self) -> dict[str, Any]:
        """The filters that the address of the next page repeats."""
        names = ("q", "handle", "state")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}


class SuspendForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        help_text="The seller reads it.",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LENGTH}),
        error_messages={"required": "Say why: the seller reads it."},
    )


def boughs(tree: list[Bough], *, besides: int | None = None) -> list[tuple[int, str]]:
    """Every category as a choice, those of the second level below their parents."""
    found = []
    for bough in tree:
        found.append((bough.id, bough.name))
        found += [(each.id, f"{bough.name} › {each.name}") for each in bough.branches]
    return [(key, name) for key, name in found if key != besides]


class CategoryForm(forms.Form):
    """A new category: its name, and below which one it hangs."""

    name = forms.CharField(label="Name", max_length=CATEGORY_LENGTH)
    parent = forms.TypedChoiceField(label="Below", required=False, coerce=int, empty_value=None)

    def __init__(self, tree: list[Bough], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["parent"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Nothing: on the first level"), *((bough.id, bough.name) for bough in tree)]


class RenameForm(forms.Form):
    name = forms.CharField(label="Name", max_length=CATEGORY_LENGTH, help_text="Its address stays as it is.")


class PlaceForm(CategoryForm):
    """Below which one it hangs, and at which place, counted from 1."""

    position = forms.IntegerField(
        label="Place", min_value=1, max_value=999, help_text="1 comes first among its neighbours."
    )

    def __init__(self, tree: list[Bough], *args: Any, **kwargs: Any) -> None:
        super().__init__(tree, *args, **kwargs)
        del self.fields["name"]


class RetireForm(forms.Form):
    """Where its items go."""

    into = forms.TypedChoiceField(label="Its items move to", coerce=int)

    def __init__(self, tree: list[Bough], category_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose one"), *boughs(tree, besides=category_id)]

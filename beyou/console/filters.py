"""Filters that the staff keep: each sees and changes their own alone.

What is kept was chosen from the lists of a form; words, handles and days that somebody typed are not, since
they name people who may be gone by the time that the filter is opened.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django import forms
from django.db import IntegrityError, transaction

from beyou.console.audit_forms import AuditForm
from beyou.console.errors import FilterRefused
from beyou.console.market_forms import ItemsForm
from beyou.console.member_forms import MembersForm
from beyou.console.models import NAME_LENGTH, SavedFilter
from beyou.console.rules import pages_for
from beyou.core.errors import NotFound
from beyou.reports.forms import WANTED, QueueForm
from beyou.users.queries import lock_members

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of the staff pages: its address, the form that filters it, and which of its fields are kept."""

    view: str
    title: str
    form: type[forms.Form]
    fields: tuple[str, ...]


LISTS: Final = {
    "reports": Listed("console:reports", "Reports", QueueForm, WANTED),
    "members": Listed("console:members", "Members", MembersForm, ("standing",)),
    "items": Listed("console:items", "Items", ItemsForm, ("state",)),
    "audit": Listed("console:audit", "Audit", AuditForm, ("act",)),
}


@dataclass(frozen=True, slots=True)
class Saved:
    """A filter as its owner sees it: what it chooses, in words, and what it chose that is no longer there."""

    id: UUID
    name: str
    list_name: str
    chosen: dict[str, str]
    words: tuple[str, ...]
    lost: tuple[str, ...]
    is_current: bool = False
    count: int | None = None

    @property
    def list_title(self) -> str:
        return LISTS[self.list_name].title


@dataclass(frozen=True, slots=True)
class Shelf:
    """The filters that somebody keeps for a list, and what the list shows at the moment."""

    list_name: str
    saved: tuple[Saved, ...]
    chosen: dict[str, str]
    words: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether there is something to keep that is not kept yet."""
        return bool(self.chosen) and not any(each.is_current for each in self.saved)

    def counted(self, counts: Iterable[int]) -> "Shelf":
        """The same with how much each of the filters shows now."""
        pairs = zip(self.saved, counts, strict=True)
        saved = tuple(replace(each, count=count) for each, count in pairs)
        return Shelf(self.list_name, saved, self.chosen, self.words)


def shelf_for(owner_id: UUID, name: str, data: Mapping[str, str]) -> Shelf:
    """What this one keeps for the list, beside what it shows now. One statement."""
    chosen, words, _ = _read(name, data)
    rows = SavedFilter.objects.filter(owner_id=owner_id, list_name=name).order_by("name_key")
    return Shelf(name, tuple(_saved(row, chosen) for row in rows), chosen, words)


def filters_of(owner_id: UUID, levels: Collection[str]) -> list[Saved]:
    """All that this one keeps for lists that the levels open. One statement."""
    rows = every_filter(owner_id)
    return [_saved(row) for row in rows if row.list_name in _lists_for(levels)]


def every_filter(owner_id: UUID) -> list[SavedFilter]:
    """One statement."""
    return list(SavedFilter.objects.filter(owner_id=owner_id).order_by("list_name", "name_key"))


def filter_for(owner_id: UUID, levels: Collection[str], filter_id: UUID) -> Saved:
    """The one door to a filter. Raises `NotFound` for those of others, and of lists that are closed."""
    row = SavedFilter.objects.filter(owner_id=owner_id, id=filter_id).first()
    if row is None or row.list_name not in _lists_for(levels):
        raise NotFound
    return _saved(row)


def save_filter(
    *, owner_id: UUID, levels: Collection[str], name: str, list_name: str, data: Mapping[str, str]
) -> Saved:
    """What the list shows is kept under the name. Raises `NotFound` for a list that the levels do not open,
    and `FilterRefused`, which says why.
    """
    if list_name not in _lists_for(levels):
        raise NotFound
    chosen, _, _ = _read(list_name, data)
    if not chosen:
        raise FilterRefused("Choose something from the lists first: this filter shows everything.")
    name = _named(name)
    with _unless_taken(name):
        lock_members([owner_id])
        mine = SavedFilter.objects.filter(owner_id=owner_id, list_name=list_name)
        _check_free(mine.values_list("name_key", flat=True), name)
        if mine.count() >= MOST:
            raise FilterRefused(f"You keep {MOST} filters of this list, which is the most. Delete one first.")
        row = SavedFilter.objects.create(
            owner_id=owner_id, list_name=list_name, name=name, name_key=name.casefold(), wanted=chosen
        )
    return _saved(row)


def rename_filter(*, owner_id: UUID, filter_id: UUID, name: str) -> None:
    """The filter has the name. Raises `NotFound` for what is not this one's, and `FilterRefused`."""
    name = _named(name)
    with _unless_taken(name):
        lock_members([owner_id])
        row = SavedFilter.objects.filter(owner_id=owner_id, id=filter_id).first()
        if row is None:
            raise NotFound
        others = SavedFilter.objects.filter(owner_id=owner_id, list_name=row.list_name).exclude(id=filter_id)
        _check_free(others.values_list("name_key", flat=True), name)
        row.name, row.name_key = name, name.casefold()
        row.save(update_fields=["name", "name_key"])


def delete_filter(*, owner_id: UUID, filter_id: UUID) -> None:
    """The filter is gone. Raises `NotFound` for what is not this one's."""
    gone, _ = SavedFilter.objects.filter(owner_id=owner_id, id=filter_id).delete()
    if not gone:
        raise NotFound


def erase_member(*, member_id: UUID) -> None:
    SavedFilter.objects.filter(owner_id=member_id).delete()


def _lists_for(levels: Collection[str]) -> set[str]:
    views = {page.view for page in pages_for(levels)}
    return {name for name, each in LISTS.items() if each.view in views}


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise FilterRefused(f"Give the filter a name of at most {NAME_LENGTH} characters.")
    return name


@contextmanager
def _unless_taken(name: str) -> Iterator[None]:
    """One transaction. The database may take names for the same that differ here, by an accent for
    instance.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise _taken(name) from None


def _check_free(taken: Iterable[str], name: str) -> None:
    if name.casefold() in taken:
        raise _taken(name)


def _taken(name: str) -> FilterRefused:
    return FilterRefused(f"You keep a filter “{name}” of this list already. Choose another name.")


def _read(name: str, data: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """What of the fields that are kept is chosen, in words as well, and what is not to be had any more."""
    listed = LISTS[name]
    if not any(data.get(field) for field in listed.fields):
        return {}, (), ()
    form = listed.form({field: data[field] for field in listed.fields if data.get(field)})
    form.full_clean()
    chosen = {field: str(form.cleaned_data[field]) for field in listed.fields if form.cleaned_data.get(field)}
    lost = tuple(str(form.data[field]) for field in listed.fields if field in form.errors)
    words = tuple(f"{form[field].label}: {_word(form[field], value)}" for field, value in chosen.items())
    return chosen, words, lost


def _word(field: forms.BoundField, value: str) -> str:
    """What the list calls the choice."""
    widget = field.field.widget
    groups = list(widget.choices) if isinstance(widget, forms.Select) else []
    choices = [
        pair for key, label in groups for pair in (label if isinstance(label, list) else [(key, label)])
    ]
    return next((str(label) for key, label in choices if key == value), value)


def _saved(row: SavedFilter, current: Mapping[str, str] | None = None) -> Saved:
    chosen, words, lost = _read(row.list_name, row.wanted)
    return Saved(
        row.pk, row.name, row.list_name, chosen, words, lost, is_current=not lost and chosen == current
    )

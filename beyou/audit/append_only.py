"""Rows that can be added and read, and that nothing of Django's changes or removes."""

from typing import Any, Never

from django.db import models


class AppendOnly(TypeError):
    """Something tried to change or remove what was recorded."""


class AddedRows(models.QuerySet[Any]):
    """Rows that can be read and added to."""

    def update(self, **changes: Any) -> Never:
        raise AppendOnly("rows of the audit are never changed")

    def delete(self) -> Never:
        raise AppendOnly("rows of the audit are never removed")


class AddedRow(models.Model):
    """A row that can be added, once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises `AppendOnly` for a row that was saved before, IntegrityError for one with its id."""
        if not self._state.adding:
            raise AppendOnly("rows of the audit are never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise AppendOnly("rows of the audit are never removed")

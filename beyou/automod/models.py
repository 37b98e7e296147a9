"""Watched words, and what the automatic help found."""

from django.db import models

from beyou.automod.rules import ACTIONS, MOST_LETTERS, NOTE_LENGTH, Action, Kind, Place, Word
from beyou.core.clock import now
from beyou.core.ids import uuid7


class WatchedWord(models.Model):
    """A word or a phrase, where it is watched for, and what happens then."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pattern = models.CharField(max_length=MOST_LETTERS)
    # The digest of the pattern as it is compared: what no engine folds in its own way.
    digest = models.CharField(max_length=64, unique=True)
    action = models.CharField(max_length=10, choices=[(each.value, ACTIONS[each]) for each in Action])
    in_messages = models.BooleanField(default=False)
    in_items = models.BooleanField(default=False)
    in_profiles = models.BooleanField(default=False)
    # For the staff alone.
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    # Counts changes, so that of two who change it the second one is told.
    version = models.PositiveIntegerField(default=1)
    added_by_id = models.UUIDField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(in_messages=True) | models.Q(in_items=True) | models.Q(in_profiles=True),
                name="automod_watched_somewhere",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} word {self.pk}"

    @property
    def places(self) -> frozenset[Place]:
        return frozenset(place for place in Place if getattr(self, f"in_{place.value}"))

    @property
    def word(self) -> Word:
        return Word(str(self.pk), self.pattern, Action(self.action), self.places)


class Finding(models.Model):
    """Something that a person should look at, once for the same thing. `key` says what is the same."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # Where it was found: `rules.Place`.
    place = models.CharField(max_length=10)
    kind = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Kind])
    # The item, or the message; the member for a profile, and for a message that was refused nothing.
    object_id = models.UUIDField(null=True)
    # Why, and what the text said, sealed under keys of their own.
    words = models.BinaryField(default=bytes)
    text = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="automod_old_findings")]

    def __str__(self) -> str:
        return f"finding {self.pk}"

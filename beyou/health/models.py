"""Backups that were made, alerts, silences and what still has to be delivered. Nothing about a member."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.health.rules import TITLES, State

_STATES = [(state.value, state.value) for state in State]


class BackupRecord(models.Model):
    """One backup of the database that `beyou backup` wrote, or was told of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=now, db_index=True)

    def __str__(self) -> str:
        return self.file


class HealthAlert(models.Model):
    """One time that a check was not well, from when it was noticed until it was well again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    check_name = models.CharField(max_length=40)
    # The name of the check while the alert is open, then nothing: so that each has one open alert at most, on
    # engines without partial indexes, too.
    open_key = models.CharField(max_length=40, null=True, unique=True)  # noqa: DJ001  (many are closed)
    severity = models.CharField(max_length=10, choices=_STATES)
    detail = models.CharField(max_length=500)
    # The worst severity that the owners were told of; empty while they were told nothing.
    told = models.CharField(max_length=10, choices=_STATES, blank=True)
    opened_at = models.DateTimeField(default=now, db_index=True)
    resolved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.check_name}: {self.detail}"

    @property
    def title(self) -> str:
        return TITLES.get(self.check_name, self.check_name)


class Silence(models.Model):
    """Until when nobody is told of a check. Who wished so stands in the audit."""

    check_name = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.check_name} until {self.until}"


class WebhookDelivery(models.Model):
    """One body that the webhook has to take. `done_at` says when it did, or when it was given up."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    body = models.TextField()
    due_ms = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    parked = models.BooleanField(default=False)
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["done_at", "due_ms"], name="health_delivery_due")]

    def __str__(self) -> str:
        return str(self.id)

"""Rows that belong to no domain: the event outbox and the plan of returning jobs."""

from django.db import models


class OutboxEvent(models.Model):
    """One fact that one handler has still to learn; deleted when it has."""

    id = models.BigAutoField(primary_key=True)
    handler = models.CharField(max_length=200)
    event = models.CharField(max_length=200)
    payload = models.JSONField()
    created_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    parked = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["parked", "due_ms"], name="core_outbox_due")]

    def __str__(self) -> str:
        return f"{self.event} for {self.handler}"


class ScheduledJob(models.Model):
    """When a returning job runs next, and how it went. Times are milliseconds since the epoch."""

    name = models.CharField(max_length=200, primary_key=True)
    due_ms = models.BigIntegerField()
    ran_ms = models.BigIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name

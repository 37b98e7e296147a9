"""What owners have set. Nothing about a member: the audit has who changed what."""

from django.db import models

from beyou.core.clock import now


class InstanceSettings(models.Model):
    """The one row of settings. What is empty in it the environment says."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    # Counts the saves, so that of two owners the one who read an older version is told.
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=60, blank=True)
    rules = models.TextField(blank=True)
    accent = models.CharField(max_length=10, blank=True)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="instance_one_row")]

    def __str__(self) -> str:
        return f"version {self.version}"

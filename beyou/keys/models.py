"""Public keys of members and the browsers that hold the private halves. Nothing here is secret."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7


class UserKeySet(models.Model):
    """One generation of a member's keys: an encryption key and a signing key, made in a browser."""

    id = models.UUIDField(primary_key=True, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    generation = models.PositiveIntegerField()
    # The member while the set is in use, else null: a unique column that can be null gives "one active
    # set per member" on all three engines (MariaDB has no partial indexes).
    active_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)
    recovery_tested_at = models.DateTimeField(null=True)
    recovery_remind_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "generation"], name="keys_set_generation"),
        ]

    def __str__(self) -> str:
        return f"key set {self.generation} of {self.member_id}"


class Purpose(models.TextChoices):
    ENCRYPT = "encrypt"
    SIGN = "sign"


class UserKey(models.Model):
    """One public key. A retired key stays, so that what it signed can be checked for ever."""

    # Hexadecimal SHA-256 of the SPKI. As the primary key it is unique over all members and purposes.
    key_id = models.CharField(max_length=64, primary_key=True)
    key_set = models.ForeignKey("keys.UserKeySet", on_delete=models.CASCADE, related_name="keys")
    purpose = models.CharField(max_length=10, choices=Purpose)
    spki = models.BinaryField()
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key_set", "purpose"], name="keys_key_purpose"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.key_id[:16]}"


class Device(models.Model):
    """One browser that proved it holds the private keys of a set."""

    id = models.UUIDField(primary_key=True, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    key_set = models.ForeignKey("keys.UserKeySet", on_delete=models.CASCADE, related_name="devices")
    label = models.CharField(max_length=60)
    created_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["member", "created_at"], name="keys_device_member")]

    def __str__(self) -> str:
        return f"{self.label} of {self.member_id}"


class KeyChallenge(models.Model):
    """A question that only the holder of two private keys can answer, once, within five minutes.

    Neither answer is stored: both are derived from the id with a key of the server (see services).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    key_set = models.UUIDField()
    device = models.UUIDField()
    # What the set will be if the answer is right; a tab that is behind another cannot publish over it.
    generation = models.PositiveIntegerField()
    encrypt_spki = models.BinaryField()
    sign_spki = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["member", "expires_at"], name="keys_challenge_member")]

    def __str__(self) -> str:
        return f"challenge for {self.member_id}"

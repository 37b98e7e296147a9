"""What is known of a stored file; its bytes lie in the storage named `private`."""

from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.media.rules import Purpose


class MediaFile(models.Model):
    """One re-encoded picture. Rows and bytes never change: another picture is another row.

    The owner is an id without a foreign key, since files outlive nobody by themselves: the app that asked
    for a file deletes it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner_id = models.UUIDField()
    purpose = models.CharField(
        max_length=20, choices=[(purpose.value, purpose.name.capitalize()) for purpose in Purpose]
    )
    content_type = models.CharField(max_length=40)
    #: Bytes of the picture, before encryption.
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    #: Where the bytes lie in the storage: random, and told to nobody.
    name = models.CharField(max_length=100, unique=True)
    #: The data key of an encrypted file, wrapped by the keyring; empty when the bytes are stored as they are.
    wrapped_key = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["owner_id", "purpose"], name="media_file_owner")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

"""The rows of the ledger. Entries and blocks are append-only: triggers refuse anything else (``guards``)."""

from django.db import models


class OutboxRow(models.Model):
    """An entry that waits to be sealed; written in the transaction of what it records."""

    id = models.BigAutoField(primary_key=True)
    kind = models.SmallIntegerField()
    message_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    entry = models.BinaryField()
    created_ms = models.BigIntegerField()

    class Meta:
        db_table = "ledger_outbox"

    def __str__(self) -> str:
        return f"waiting entry {self.id}"


class EntryRow(models.Model):
    """A sealed leaf. ``seq`` is its index in the tree, dense from 0."""

    seq = models.BigIntegerField(primary_key=True)
    block_no = models.BigIntegerField()
    outbox_id = models.BigIntegerField(null=True, unique=True)
    kind = models.SmallIntegerField()
    message_id = models.UUIDField(null=True)
    conversation_id = models.UUIDField(null=True)
    entry = models.BinaryField()

    class Meta:
        db_table = "ledger_entry"
        indexes = [
            models.Index(fields=["message_id", "seq"], name="ledger_entry_message"),
            models.Index(fields=["conversation_id", "seq"], name="ledger_entry_conversation"),
        ]

    def __str__(self) -> str:
        return f"entry {self.seq}"


class TileRow(models.Model):
    """Up to 256 hashes of one level: ``tile_id`` = level · 2^48 + index, ``hashes`` = 32 · width bytes."""

    tile_id = models.BigIntegerField(primary_key=True)
    width = models.SmallIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "ledger_tile"

    def __str__(self) -> str:
        return f"tile {self.tile_id >> 48}/{self.tile_id & (1 << 48) - 1}"


class BlockRow(models.Model):
    """A sealed block: its 148-byte header, and what sealing it took."""

    block_no = models.BigIntegerField(primary_key=True)
    header = models.BinaryField()
    hash_hex = models.CharField(max_length=64, unique=True)
    first_seq = models.BigIntegerField()
    leaf_count = models.IntegerField()
    tree_size = models.BigIntegerField(unique=True)
    sealed_ms = models.BigIntegerField()
    attempts = models.BigIntegerField()
    mine_us = models.BigIntegerField()
    seal_us = models.BigIntegerField()
    proposer = models.CharField(max_length=100)
    proof = models.BinaryField(null=True)

    class Meta:
        db_table = "ledger_block"

    def __str__(self) -> str:
        return f"block {self.block_no}"


class Head(models.Model):
    """The one row that sealers compare and swap; ``epoch`` rises when sealing is frozen or resumed."""

    id = models.SmallIntegerField(primary_key=True)
    epoch = models.BigIntegerField(default=0)
    block_no = models.BigIntegerField()
    tree_size = models.BigIntegerField()
    hash_hex = models.CharField(max_length=64)
    policy_hex = models.CharField(max_length=64)
    frozen = models.BooleanField(default=False)

    class Meta:
        db_table = "ledger_head"

    def __str__(self) -> str:
        return f"head at block {self.block_no}"


class CheckpointRow(models.Model):
    """A signed note over one tree size."""

    tree_size = models.BigIntegerField(primary_key=True)
    note = models.TextField()

    class Meta:
        db_table = "ledger_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.tree_size}"


class SaltRow(models.Model):
    """The salt that hides a message commitment; deleting it erases the link to the message."""

    message_id = models.UUIDField(primary_key=True)
    salt = models.BinaryField()

    class Meta:
        db_table = "ledger_salt"

    def __str__(self) -> str:
        return f"salt of {self.message_id}"


class StepRow(models.Model):
    """A step of a part of an order, as it was recorded. Nothing of it changes; when whoever took it erases
    their account, ``document`` goes with the salt.
    """

    id = models.UUIDField(primary_key=True)
    part_id = models.UUIDField()
    number = models.IntegerField()
    # `format.Step` and `format.Actor`.
    step = models.SmallIntegerField()
    actor = models.SmallIntegerField()
    actor_id = models.UUIDField(null=True, db_index=True)
    at_ms = models.BigIntegerField()
    document = models.BinaryField(null=True)

    class Meta:
        db_table = "ledger_step"
        constraints = [
            models.UniqueConstraint(fields=["part_id", "number"], name="ledger_step_number"),
        ]

    def __str__(self) -> str:
        return f"step {self.number} of {self.part_id}"


class PendingErasure(models.Model):
    """A member who erased their account, and whose steps are to be erased."""

    member_id = models.UUIDField(primary_key=True)
    due_ms = models.BigIntegerField()

    class Meta:
        db_table = "ledger_pending_erasure"

    def __str__(self) -> str:
        return f"steps of {self.member_id} are to be erased"


class ErasureRow(models.Model):
    """A leaf whose salt was destroyed on purpose. ``signature`` is the log key's (``format.erasure_order``),
    so that no editor of the database can pretend one; an entry of kind 4 seals it.
    """

    # The erased leaf.
    seq = models.BigIntegerField(primary_key=True)
    message_id = models.UUIDField(db_index=True)
    day = models.IntegerField()
    reason = models.SmallIntegerField()
    signature = models.BinaryField()

    class Meta:
        db_table = "ledger_erasure"

    def __str__(self) -> str:
        return f"erasure of entry {self.seq}"


class RemovalRow(models.Model):
    """The staff removed a message, or put it back (`removals.RemovalOpening`). ``signature`` is the log
    key's, an entry of kind 5 seals it. Nothing of it changes; when the author erases their account, what it
    says goes with the salt.
    """

    id = models.BigAutoField(primary_key=True)
    message_id = models.UUIDField()
    number = models.IntegerField()
    at_ms = models.BigIntegerField()
    # The value of the message's own entry.
    target = models.BinaryField()
    # What the members read, and the salt of the commitment; neither is left of an erased message.
    words = models.CharField(max_length=100, null=True)  # noqa: DJ001  (gone is not empty)
    salt = models.BinaryField(null=True)
    signature = models.BinaryField()

    class Meta:
        db_table = "ledger_removal"
        constraints = [
            models.UniqueConstraint(fields=["message_id", "number"], name="ledger_removal_number"),
        ]

    def __str__(self) -> str:
        return f"removal {self.number} of {self.message_id}"


class Document(models.Model):
    """The bytes behind an entry of kind 6, 7 or 8, found by their SHA-256."""

    digest_hex = models.CharField(max_length=64, primary_key=True)
    kind = models.SmallIntegerField()
    document = models.BinaryField()
    created_ms = models.BigIntegerField()

    class Meta:
        db_table = "ledger_document"

    def __str__(self) -> str:
        return f"document {self.digest_hex}"


class ConversationStatistics(models.Model):
    """What the ledger holds of one conversation, kept by the sealer."""

    conversation_id = models.UUIDField(primary_key=True)
    leaves = models.BigIntegerField()
    blocks = models.BigIntegerField()
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    first_block = models.BigIntegerField()
    last_block = models.BigIntegerField()

    class Meta:
        db_table = "ledger_conversation"

    def __str__(self) -> str:
        return f"ledger of conversation {self.conversation_id}"


class Alert(models.Model):
    """Something that must not happen did; nothing but a person resolves it."""

    class Severity(models.IntegerChoices):
        WARNING = 1
        CRITICAL = 2

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=40)
    severity = models.SmallIntegerField(choices=Severity)
    seq = models.BigIntegerField(null=True)
    block_no = models.BigIntegerField(null=True)
    detail = models.TextField()
    created_ms = models.BigIntegerField()
    resolved_ms = models.BigIntegerField(null=True)

    class Meta:
        db_table = "ledger_alert"

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


class VerificationRun(models.Model):
    """A verification of the whole ledger that ran to its end, up to ``tree_size`` leaves."""

    id = models.BigAutoField(primary_key=True)
    started_ms = models.BigIntegerField()
    finished_ms = models.BigIntegerField()
    tree_size = models.BigIntegerField()
    findings = models.IntegerField()

    class Meta:
        db_table = "ledger_verification"

    def __str__(self) -> str:
        return f"verification {self.id}"

"""Conversations as numbered sequences of messages. Rows are inert; `services` writes them."""

from django.db import models

from beyou.core.clock import now_ms
from beyou.core.ids import uuid7


class Mode(models.IntegerChoices):
    """Who can read a message. The numbers are those of the ledger's openings."""

    STANDARD = 1
    END_TO_END = 2


class Conversation(models.Model):
    """One sequence of messages, numbered from 1 without gaps."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # How the next message travels. It may rise to end-to-end and never falls back.
    mode = models.SmallIntegerField(choices=Mode, default=Mode.STANDARD)
    # AES-256 key of standard bodies at rest, wrapped by the keyring.
    data_key = models.BinaryField()
    last_seq = models.BigIntegerField(default=0)
    last_ms = models.BigIntegerField(default=now_ms)
    created_ms = models.BigIntegerField(default=now_ms)

    def __str__(self) -> str:
        return f"conversation {self.id}"


class ConversationMember(models.Model):
    """One member's place in a conversation, and how far she has received and read it."""

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(
        "messaging.Conversation", on_delete=models.CASCADE, related_name="members"
    )
    member = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+")
    # The other one of a direct conversation. Unique with `member`, so that a pair has one conversation
    # whoever starts it and however many do so at once.
    peer = models.ForeignKey("users.User", null=True, on_delete=models.PROTECT, related_name="+")
    delivered_seq = models.BigIntegerField(default=0)
    read_seq = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "member"], name="messaging_member_once"),
            models.UniqueConstraint(fields=["member", "peer"], name="messaging_direct_once"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.conversation_id}"


class Message(models.Model):
    """One accepted envelope. In standard mode the body is encrypted at rest with the conversation's key.

    An erased one keeps its number and nothing else: header, body, signature and stamp are empty. One that the
    staff removed has no body while it stands in `Withheld`.
    """

    # Made by the sender's client, so that a repeated draft is the same message.
    id = models.UUIDField(primary_key=True, editable=False)
    conversation = models.ForeignKey(
        "messaging.Conversation", on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    seq = models.BigIntegerField()
    sender = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    mode = models.SmallIntegerField(choices=Mode)
    header = models.BinaryField()
    body = models.BinaryField()
    # Empty in standard mode.
    signature = models.BinaryField()
    received_ms = models.BigIntegerField()
    # Proves later that this server took this header at that time (see `rules.stamp_bytes`).
    stamp = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="messaging_message_seq"),
        ]

    def __str__(self) -> str:
        return f"message {self.seq} of {self.conversation_id}"


class Withheld(models.Model):
    """The body of a message that the staff removed; the message itself has none meanwhile.

    It is stored as it was, and comes back when the removal is taken back. `digest` stands for it in proofs,
    also when nothing is left of it.
    """

    message = models.OneToOneField(
        "messaging.Message", primary_key=True, on_delete=models.CASCADE, related_name="withheld"
    )
    # What the members read in its place.
    why = models.CharField(max_length=100)
    at_ms = models.BigIntegerField()
    # SHA-256(header ‖ SHA-256(body)), as the ledger's opening has it.
    digest = models.BinaryField()
    # Empty once its time is over.
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"withheld {self.message_id}"


class PendingErasure(models.Model):
    """The messages of an erased member that one conversation still holds, behind `done_seq`."""

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey("messaging.Conversation", on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    done_seq = models.BigIntegerField(default=0)
    due_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "member"], name="messaging_erasure_once"),
        ]

    def __str__(self) -> str:
        return f"erasure of {self.member_id} in {self.conversation_id}"


class MessageWrap(models.Model):
    """The secret of one message, encrypted to one key set of one member."""

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(
        "messaging.Message", on_delete=models.CASCADE, related_name="wraps", db_index=False
    )
    member = models.ForeignKey("users.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    key_set = models.UUIDField()
    key_id = models.CharField(max_length=64)
    wrap = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "member", "key_set"], name="messaging_wrap_once"),
        ]

    def __str__(self) -> str:
        return f"wrap of {self.message_id} for {self.key_set}"


class DeviceChain(models.Model):
    """The last message that one browser sent in one conversation: the next one counts on and links to it."""

    id = models.BigAutoField(primary_key=True)
    conversation = models.ForeignKey(
        "messaging.Conversation", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    device = models.UUIDField()
    counter = models.BigIntegerField()
    digest = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "device"], name="messaging_chain_once"),
        ]

    def __str__(self) -> str:
        return f"chain of {self.device} in {self.conversation_id}"

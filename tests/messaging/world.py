"""Conversations for the tests, made by the same services that members use; keys are real RSA keys."""

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.friends.models import Friendship
from beyou.keys.models import Device, Purpose, UserKey, UserKeySet
from beyou.messaging import sealing, services
from beyou.messaging.accept import Accepted, Refused, accept_messages
from beyou.messaging.envelope import ZERO32, body_digest
from beyou.messaging.models import Conversation
from beyou.messaging.rules import Draft, Envelope
from beyou.users.models import User


@lru_cache(maxsize=64)
def private_key(name: str) -> rsa.RSAPrivateKey:
    """One key per name and run: making RSA-3072 keys is the slowest thing in these tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def spki(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Browser:
    """What a browser holds: a member's private keys, its own device id and its chain per conversation."""

    member: User
    key_set: UUID = field(default_factory=uuid7)
    device: UUID = field(default_factory=uuid7)
    generation: int = 1
    chain: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def decryption_key(self) -> rsa.RSAPrivateKey:
        return private_key(f"{self.member.handle} encrypt {self.generation}")

    @property
    def signing_key(self) -> rsa.RSAPrivateKey:
        return private_key(f"{self.member.handle} sign {self.generation}")

    def publish(self) -> "Browser":
        """The server knows these keys, as after a proof of possession."""
        UserKeySet.objects.filter(active_of=self.member).update(active_of=None)
        made = UserKeySet.objects.create(
            id=self.key_set, member=self.member, generation=self.generation, active_of=self.member
        )
        for purpose, key in ((Purpose.ENCRYPT, self.decryption_key), (Purpose.SIGN, self.signing_key)):
            UserKey.objects.create(
                key_id=sha256(spki(key)).hexdigest(), key_set=made, purpose=purpose, spki=spki(key)
            )
        Device.objects.create(id=self.device, member=self.member, key_set=made, label="Test browser")
        return self

    @property
    def recipient(self) -> sealing.Recipient:
        return sealing.Recipient(self.member.pk, self.key_set, spki(self.decryption_key))

    def seal(self, text: str, conversation: UUID, others: list["Browser"], **changes: object) -> Draft:
        """The next sealed message of this browser; `changes` override what goes into the header."""
        counter, prev = self.chain.get(conversation, (0, ZERO32))
        message = uuid7()
        everybody = [self, *others]
        values: dict[str, object] = {
            "text": text,
            "origin": settings.ORIGIN,
            "conversation": conversation,
            "message": message,
            "sender": self.member.pk,
            "device": self.device,
            "signing_key": self.signing_key,
            "recipients": [each.recipient for each in everybody],
            "roster_version": sum(each.generation for each in everybody),
            "counter": counter + 1,
            "prev": prev,
            "created_ms": clock.now_ms(),
        } | changes
        sealed = sealing.seal(**values)  # type: ignore[arg-type]
        content = Envelope(sealed.header, sealed.body, sealed.signature, sealed.wraps)
        return Draft(conversation, self.member.pk, UUID(str(values["message"])), content)

    def accepted(self, draft: Draft) -> None:
        """The browser goes on from a draft that the server took."""
        assert isinstance(draft.content, Envelope)
        counter, _ = self.chain.get(draft.conversation, (0, ZERO32))
        digest = body_digest(draft.content.header, draft.content.body)
        self.chain[draft.conversation] = (counter + 1, digest)


def befriend(one: User, other: User) -> None:
    first, second = sorted((one, other), key=lambda member: member.pk)
    Friendship.objects.create(first=first, second=second)


def chat(one: User, other: User) -> Conversation:
    """The direct conversation of two friends."""
    befriend(one, other)
    return services.start_conversation(starter_id=one.pk, other_id=other.pk).conversation


def text_draft(conversation: Conversation, sender: User, text: str = "Hello") -> Draft:
    return Draft(conversation.id, sender.pk, uuid7(), text)


def say(conversation: Conversation, sender: User, text: str = "Hello") -> Accepted:
    """One accepted message in standard mode."""
    return accept(text_draft(conversation, sender, text))


def accept(draft: Draft) -> Accepted:
    (result,) = accept_messages([draft])
    assert isinstance(result, Accepted), result
    return result


def refuse(draft: Draft) -> str:
    """The code of the refusal of a draft that must not be accepted."""
    (result,) = accept_messages([draft])
    assert isinstance(result, Refused), result
    return result.error.code

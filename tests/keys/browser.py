"""What a member's browser does with the keys API."""

from base64 import b64decode
from typing import Any

from django.conf import settings
from django.test import Client

from beyou.users.models import User
from tests.factories.crypto import Keys, base64
from tests.factories.members import client_of


class KeysBrowser:
    """A signed-in browser that holds the keys called `name`."""

    def __init__(self, member: User, name: str = "", keys: Keys | None = None) -> None:
        self.client: Client = client_of(member)
        self.keys = keys or Keys.of(name or member.handle, member.pk)

    def ask(self, **changes: Any) -> Any:
        """POST /keys/challenge."""
        body = {
            "encrypt_spki": base64(self.keys.encrypt_spki),
            "sign_spki": base64(self.keys.sign_spki),
            "key_set": str(self.keys.key_set),
            "device": str(self.keys.device),
        }
        return self.post("/keys/challenge", body | changes)

    def answer(self, challenge: dict[str, str], *, origin: str = "") -> dict[str, Any]:
        """The body that proves possession."""
        signature, decrypted = self.keys.prove(
            origin=origin or settings.ORIGIN,
            sign_challenge=b64decode(challenge["sign_challenge"]),
            encrypt_challenge=b64decode(challenge["encrypt_challenge"]),
        )
        return {
            "challenge": challenge["challenge"],
            "signature": base64(signature),
            "decrypted": base64(decrypted),
            "label": "Test browser",
        }

    def publish(self, **changes: Any) -> Any:
        """Asks and answers as an honest browser does."""
        asked = self.ask()
        assert asked.status_code == 200, asked.content
        return self.post("/keys", self.answer(asked.json()) | changes)

    def mine(self) -> Any:
        return self.client.get("/api/v1/keys/mine")

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(f"/api/v1{path}", body, content_type="application/json")

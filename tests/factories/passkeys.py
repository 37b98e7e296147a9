"""Second factors of members; an authenticator in Python, so that passkeys are tested without a browser."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode

from beyou.core import clock
from beyou.users import codes, factors, passkeys
from beyou.users.models import User

ORIGIN = "http://testserver"


class SoftKey:
    """One passkey. `count` is what its counter says next; synchronised ones always say 0."""

    def __init__(self, origin: str = ORIGIN, *, is_verified: bool = True, count: int = 0) -> None:
        self.origin, self.is_verified, self.count = origin, is_verified, count
        self.id = secrets.token_bytes(32)
        self.handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def _data(self, rp_id: str, flags: int, rest: bytes = b"") -> bytes:
        flags |= 0x01 | (0x04 if self.is_verified else 0)
        head = hashlib.sha256(rp_id.encode()).digest() + bytes([flags])
        return head + self.count.to_bytes(4, "big") + rest

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin}
        return json.dumps(said).encode()

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` would give."""
        self.handle = websafe_decode(options["user"]["id"])
        public = cbor.encode(ES256.from_cryptography_key(self._key.public_key()))
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(options["rp"]["id"], 0x40, attested)
        client_data = self._client_data("create", options["challenge"])
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": websafe_encode(client_data),
                "attestationObject": websafe_encode(
                    cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
                ),
            },
        }

    def answer(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """What `navigator.credentials.get` would give; `changes` replace parts of its response."""
        data = self._data(options["rpId"], 0)
        client_data = self._client_data("get", options["challenge"])
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": websafe_encode(client_data),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": websafe_encode(self.handle),
        }
        own = {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key"}
        return own | {"clientExtensionResults": {}, "response": response | changes}


def passkey(member: User, *, name: str = "Phone", **options: Any) -> SoftKey:
    """A passkey that is on the member's account."""
    key, session = SoftKey(**options), dict[str, Any]()
    asked = passkeys.begin_registration(session=session, origin=key.origin, member=member)
    passkeys.register(session=session, origin=key.origin, member=member, answer=key.make(asked), name=name)
    return key


def app(member: User) -> str:
    """The secret of an app on the member's account; the code of the step before now is spent."""
    secret = codes.new_secret()
    factors.add_app(member_id=member.pk, secret=secret, typed=code(secret, -1))
    return secret


def code(secret: str, step: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return codes.totp(secret, codes.time_step(clock.now_ms()) + step)

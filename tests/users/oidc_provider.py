"""A small, true provider of OpenID Connect on a free port of this machine, which can be made to lie.

Discovery, authorization (it always says yes), token (code once, client secret, PKCE, redirect address), keys
and user info. `twist` holds the lies: a function that changes the claims, or another way to sign.
"""

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from beyou.users.oidc_settings import OidcProvider


@lru_cache(maxsize=8)
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(name: str) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key(name).public_key().public_bytes(serialization.Encoding.PEM, form)


def _jwk(name: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
    return found | {"kid": name, "alg": "RS256", "use": "sig"}


def sign(claims: dict[str, Any], *, with_key: str = "first", kid: str | None = None) -> str:
    return jwt.encode(claims, key(with_key), "RS256", headers={"kid": kid or with_key})


def unsigned(claims: dict[str, Any]) -> str:
    """`alg: none`."""
    return jwt.encode(claims, None, "none", headers={"kid": "first"})  # type: ignore[arg-type]


def by_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key as its secret, by hand, since PyJWT refuses to make one."""

    def part(value: Any) -> bytes:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    head = part({"alg": "HS256", "typ": "JWT", "kid": "first"}) + b"." + part(claims)
    return (head + b"." + part(hmac.digest(public_pem("first"), head, "sha256"))).decode()


@dataclass
class Provider:
    """The running provider. `person` is who signs in there next."""

    port: int
    client_id: str = "beyou"
    client_secret: str = "s3cret:with%colon"
    person: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=lambda: ["first"])
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    signer: Callable[[dict[str, Any]], str] = sign
    #: path → another answer than the true one
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def as_setting(self, provider_id: str = "example", name: str = "Example") -> OidcProvider:
        return OidcProvider(provider_id, name, self.issuer, self.client_id, self.client_secret)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.document

    def authorize(self, asked: dict[str, str]) -> str:
        """The address that the browser is sent back to, with a code."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == self.client_id
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(sent.get("code", ""), None)
        if not self._knows_client(sent, authorization):
            return 401, {"error": "invalid_client"}
        if asked is None or asked["redirect_uri"] != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": asked["nonce"],
        } | self.person
        token = self.signer(self.change(claims))
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": token}

    def _knows_client(self, sent: dict[str, str], authorization: str) -> bool:
        if authorization.startswith("Basic "):
            user, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            return (unquote(user), unquote(secret)) == (self.client_id, self.client_secret)
        return (sent.get("client_id"), sent.get("client_secret")) == (self.client_id, self.client_secret)


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.provider.asked.append(parts.path)
        if parts.path in self.provider.answers:
            return self._send(*self.provider.answers[parts.path])
        if parts.path == "/.well-known/openid-configuration":
            return self._send(200, json.dumps(self.provider.discovery()).encode())
        if parts.path == "/jwks":
            return self._send(200, json.dumps({"keys": [_jwk(name) for name in self.provider.keys]}).encode())
        if parts.path == "/userinfo" and self.headers["Authorization"] == "Bearer access":
            info = self.provider.person if self.provider.info is None else self.provider.info
            return self._send(200, json.dumps(info).encode())
        return self._send(404, b"{}")

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path in self.provider.answers:
            return self._send(*self.provider.answers[self.path])
        authorization = self.headers.get("Authorization", "")
        status, answer = self.provider.token(dict(parse_qsl(body)), authorization)
        return self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", body.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        return None


@contextmanager
def running() -> Iterator[Provider]:
    """A provider until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    provider = Provider(server.server_port)
    server.RequestHandlerClass = type("Handler", (_Handler,), {"provider": provider})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

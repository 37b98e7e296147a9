"""Reads the BEYOU_* environment and the development secrets; refuses what it does not know."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

Mode = Literal["development", "test", "production"]

#: Every variable that BeYou reads, with what it means. `docs/reference/settings.md` is checked against it.
VARIABLES: dict[str, str] = {
    "BEYOU_MODE": "`development` (default), `test` or `production`.",
    "BEYOU_ORIGIN": "Public web origin, such as `https://example.org`; also the name that envelopes sign.",
    "BEYOU_DATA_DIR": "Folder of the embedded database, development secrets and mail. Default `var`.",
    "BEYOU_DATABASE_URL": "`sqlite:///PATH`, `mysql://USER:PASSWORD@HOST:PORT/NAME` or `postgres://…`.",
    "BEYOU_REDIS_URL": "Redis for cache, limits and live frames when there are several processes.",
    "BEYOU_SECRET_KEY": "Signs sessions and tokens. Required in production (at least 50 characters).",
    "BEYOU_ENCRYPTION_KEYS": "Comma-separated Fernet keys, newest first. Required in production.",
    "BEYOU_MAC_KEY": "Base64 of 32 bytes; stamps received messages. Required in production.",
    "BEYOU_LEDGER_KEY_SEED": "Base64 of 32 bytes; Ed25519 seed of checkpoints. Required in production.",
    "BEYOU_LEDGER_CONSENSUS": "`pow` (default) or `poa`.",
    "BEYOU_LEDGER_DIFFICULTY_BITS": "Proof-of-work difficulty in leading zero bits. Default 8.",
    "BEYOU_TRUSTED_PROXIES": "How many reverse proxies of yours stand in front. Default 0.",
    "BEYOU_MAIL_URL": "`console:` (development) or `smtp+tls://USER:PASSWORD@HOST:PORT`.",
    "BEYOU_MAIL_FROM": "Sender of the instance's mail.",
    "BEYOU_INSTANCE_NAME": "What members see as the name of the place. Default `BeYou`.",
    "BEYOU_MESSAGE_LIMIT_BYTES": "Longest text of one message in UTF-8 bytes. Default 65536.",
    "BEYOU_SIGN_UP_POW_COST": "Cost of the sign-up proof of work. Default 5000.",
    "BEYOU_LOG_LEVEL": "`debug`, `info` (default), `warning` or `error`.",
    "BEYOU_IN_PROCESS": "`1` (default): one process also seals, drains and writes; `0`: workers do.",
}

_SECRETS = ("BEYOU_SECRET_KEY", "BEYOU_ENCRYPTION_KEYS", "BEYOU_MAC_KEY", "BEYOU_LEDGER_KEY_SEED")


class Environment:
    """Typed look at the process environment.

    A variable `X` may be given as `X_FILE`, a path whose stripped contents are its value.
    Raises `ImproperlyConfigured` for unknown `BEYOU_*` names and for values that do not parse.
    """

    def __init__(self, variables: Mapping[str, str], base: Path) -> None:
        self._base = base
        self._values = self._collect(variables)
        mode = self._values.get("BEYOU_MODE", "development")
        if mode not in ("development", "test", "production"):
            raise ImproperlyConfigured(f"BEYOU_MODE is {mode!r}; use development, test or production.")
        self.mode: Mode = cast(Mode, mode)
        self.data_dir = base / self.text("BEYOU_DATA_DIR", "var")
        self._generated = self._load_secrets()

    @staticmethod
    def _collect(variables: Mapping[str, str]) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, value in variables.items():
            if not name.startswith("BEYOU_"):
                continue
            plain = name.removesuffix("_FILE") if name not in VARIABLES else name
            if plain not in VARIABLES:
                raise ImproperlyConfigured(
                    f"{name} is not a setting of BeYou. See docs/reference/settings.md."
                )
            if plain != name:
                try:
                    value = Path(value).read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise ImproperlyConfigured(
                        f"{name} names a file that cannot be read: {error}."
                    ) from error
            values[plain] = value
        return values

    def _load_secrets(self) -> dict[str, str]:
        """Development and test instances get secrets of their own on first start; production never does."""
        if self.mode == "production":
            missing = [name for name in _SECRETS if not self._values.get(name)]
            if missing:
                raise ImproperlyConfigured(f"Production needs {', '.join(missing)}. Nothing was started.")
            return {}
        if self.mode == "test":
            return _test_secrets()
        path = self.data_dir / "secrets.json"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(_new_secrets(), file, indent=1)
        return cast(dict[str, str], json.loads(path.read_text(encoding="utf-8")))

    def text(self, name: str, default: str) -> str:
        return self._values.get(name, default)

    def optional(self, name: str) -> str | None:
        return self._values.get(name) or None

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        raw = self._values.get(name, str(default))
        if not raw.isascii() or not raw.lstrip("-").isdigit() or not low <= int(raw) <= high:
            raise ImproperlyConfigured(f"{name} is {raw!r}; use a whole number from {low} to {high}.")
        return int(raw)

    def flag(self, name: str, *, default: bool) -> bool:
        raw = self._values.get(name, "1" if default else "0")
        if raw not in ("0", "1"):
            raise ImproperlyConfigured(f"{name} is {raw!r}; use 0 or 1.")
        return raw == "1"

    def secret(self, name: str) -> str:
        value = self._values.get(name) or self._generated.get(name)
        if not value:
            raise ImproperlyConfigured(f"{name} is missing.")
        return value

    def secret_bytes(self, name: str, length: int) -> bytes:
        try:
            value = base64.b64decode(self.secret(name), validate=True)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} is not base64.") from error
        if len(value) != length:
            raise ImproperlyConfigured(f"{name} has {len(value)} bytes; it needs {length}.")
        return value


def _new_secrets() -> dict[str, str]:
    def random_bytes() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "BEYOU_SECRET_KEY": secrets.token_urlsafe(64),
        "BEYOU_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "BEYOU_MAC_KEY": random_bytes(),
        "BEYOU_LEDGER_KEY_SEED": random_bytes(),
    }


def _test_secrets() -> dict[str, str]:
    """Fixed values, so that vectors repeat; only `BEYOU_MODE=test` can reach them."""
    fixed = base64.b64encode(bytes(range(32))).decode()
    return {
        "BEYOU_SECRET_KEY": "test-only-" * 6,
        "BEYOU_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(range(32))).decode(),
        "BEYOU_MAC_KEY": fixed,
        "BEYOU_LEDGER_KEY_SEED": fixed,
    }

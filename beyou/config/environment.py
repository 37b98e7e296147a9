"""Reads the BEYOU_* environment and the development secrets; refuses what it does not know."""

import base64
import fcntl
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from beyou.instance.options import OPTIONS
from beyou.users.oidc_settings import OidcProvider, parse_providers

Mode = Literal["development", "test", "production"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. `docs/reference/settings.md` is written from these declarations."""

    name: str
    meaning: str
    default: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    is_secret: bool = False
    #: A secret that production may do without.
    is_optional: bool = False


_DECLARED = (
    Variable(
        "BEYOU_MODE",
        "What kind of instance this is.",
        "development",
        choices=("development", "test", "production"),
    ),
    Variable(
        "BEYOU_ORIGIN",
        "Public web origin, such as `https://example.org`; envelopes sign it, so it"
        " never changes. Production needs it, with https.",
        "http://127.0.0.1:8000",
    ),
    Variable("BEYOU_INSTANCE_NAME", "What members see as the name of the place.", "BeYou"),
    Variable(
        "BEYOU_FIXED_SETTINGS",
        "Names, separated by commas, of what owners cannot change on the pages of the staff (the list is"
        " below); `all` for everything. What was changed before rests. Empty: they may change all of it.",
    ),
    Variable(
        "BEYOU_DATA_DIR",
        "Folder of the embedded database, uploaded pictures, the development secrets and the ledger's"
        " high-water file; a relative one starts at the project.",
        "var",
    ),
    Variable(
        "BEYOU_DATABASE_URL",
        "`sqlite:///PATH`, `mysql://USER:PASSWORD@HOST:PORT/NAME` or"
        " `postgres://USER:PASSWORD@HOST:PORT/NAME`; `?socket=PATH` instead of host and port. Empty:"
        " SQLite in the data folder.",
    ),
    Variable(
        "BEYOU_REDIS_URL",
        "`redis://HOST:PORT/NUMBER`, for cache, limits and live frames when there are"
        " several processes. Empty: all of them in this process.",
    ),
    Variable(
        "BEYOU_IN_PROCESS",
        "`1`: one process writes, seals and drains as well; `0`: others do.",
        "1",
        choices=("0", "1"),
    ),
    Variable(
        "BEYOU_TRUSTED_PROXIES",
        "How many reverse proxies of yours stand in front; that many parts of"
        " `X-Forwarded-For` are believed.",
        "0",
        low=0,
        high=8,
    ),
    Variable("BEYOU_SECRET_KEY", "Signs sessions and tokens; at least 50 characters.", is_secret=True),
    Variable(
        "BEYOU_ENCRYPTION_KEYS",
        "Fernet keys, newest first, separated by commas; they wrap what is encrypted at rest.",
        is_secret=True,
    ),
    Variable("BEYOU_MAC_KEY", "Base64 of 32 bytes; stamps received messages.", is_secret=True),
    Variable(
        "BEYOU_STAFF_PREFIX",
        "First part of the address of the staff pages, which strangers cannot guess: 16 to 64 letters,"
        " digits, `-` or `_`.",
        is_secret=True,
    ),
    Variable(
        "BEYOU_ADMIN_PATH",
        "First part of the address of the back room, where owners look at rows of the database: 16 to 64"
        " letters, digits, `-` or `_`, hard to guess. Empty: there is none, except in development, which"
        " makes one up.",
        is_secret=True,
        is_optional=True,
    ),
    Variable(
        "BEYOU_LEDGER_KEY_SEED", "Base64 of 32 bytes; Ed25519 seed of the checkpoint key.", is_secret=True
    ),
    Variable(
        "BEYOU_LEDGER_CONSENSUS",
        "How a new ledger seals its blocks: `pow`, a proof of work, or `poa`, an authority's signature.",
        "pow",
        choices=("pow", "poa"),
    ),
    Variable("BEYOU_LEDGER_DIFFICULTY_BITS", "Leading zero bits of a proof of work.", "8", low=0, high=32),
    Variable(
        "BEYOU_MAIL_URL",
        "`console:` (not in production), `smtp://USER:PASSWORD@HOST:PORT` or `smtp+tls://…`.",
        "console:",
    ),
    Variable("BEYOU_MAIL_FROM", "Sender of the instance's mail.", "BeYou <noreply@localhost>"),
    Variable(
        "BEYOU_MESSAGE_LIMIT_BYTES",
        "Longest text of one message in UTF-8 bytes.",
        "65536",
        low=256,
        high=1_048_576,
    ),
    Variable(
        "BEYOU_MESSAGES_PER_MINUTE",
        "How many messages one member may send in a minute.",
        "600",
        low=1,
        high=10_000_000,
    ),
    Variable(
        "BEYOU_FRAMES_PER_SECOND",
        "How many frames one socket may send in a second, on average over two seconds.",
        "50",
        low=1,
        high=1_000_000,
    ),
    Variable(
        "BEYOU_SOCKETS_PER_MEMBER",
        "How many open pages of one member a process keeps live. One more closes the oldest.",
        "20",
        low=1,
        high=100_000,
    ),
    Variable(
        "BEYOU_MEDIA_QUOTA_MB",
        "How much one member's pictures may take together, in MB of 1,048,576 bytes.",
        "200",
        low=1,
        high=1_000_000,
    ),
    Variable(
        "BEYOU_SIGN_UP_POW_COST",
        "Cost of the sign-up proof of work in iterations.",
        "5000",
        low=1,
        high=1_000_000,
    ),
    Variable(
        "BEYOU_SESSION_IDLE_HOURS",
        "After so many hours without use a session ends. The pages of the staff ask again much sooner.",
        "336",
        low=1,
        high=8760,
    ),
    Variable(
        "BEYOU_SESSION_ABSOLUTE_DAYS",
        "So many days after signing in a session ends in any case.",
        "30",
        low=1,
        high=365,
    ),
    Variable(
        "BEYOU_STAFF_IDLE_MINUTES",
        "After so many minutes without use the pages of the staff ask for the second step again. Lists that"
        " an open page follows by itself are no use.",
        "60",
        low=5,
        high=1440,
    ),
    Variable(
        "BEYOU_STAFF_ABSOLUTE_HOURS",
        "So many hours after the second step was shown the pages of the staff ask for it again in any case.",
        "24",
        low=1,
        high=168,
    ),
    Variable(
        "BEYOU_LOGIN_LOG_DAYS",
        "So many days records of sign-ins, security events and alerts are kept.",
        "180",
        low=1,
        high=3650,
    ),
    Variable(
        "BEYOU_GEO_DATABASE",
        "File in MaxMind's format (`.mmdb`) that knows the country of an address, read on this machine."
        " Empty: no countries are shown and the rules about places rest.",
    ),
    Variable(
        "BEYOU_PASSWORD_MIN_LENGTH",
        "How many characters a password needs. NIST SP 800-63B-4 asks for 15 where it is the only factor.",
        "10",
        low=8,
        high=64,
    ),
    Variable(
        "BEYOU_BREACHED_PASSWORDS",
        "A file of leaked passwords that nobody may choose: SHA-1 in hexadecimal, sorted, one in a line, as"
        " Have I Been Pwned offers it; counts behind a colon, and hashes that are all shortened alike, are"
        " fine. It is searched on the disk and may be of any size. Empty: only the list of BeYou itself.",
    ),
    Variable(
        "BEYOU_SECOND_FACTOR",
        "Who must have a second factor (an authenticator app or a passkey).",
        "staff",
        choices=("optional", "staff", "everybody"),
    ),
    Variable(
        "BEYOU_REAUTHENTICATION_MINUTES",
        "For how many minutes a proof, such as the password, is enough for sensitive changes.",
        "10",
        low=1,
        high=1440,
    ),
    Variable(
        "BEYOU_VERIFICATION_DOCUMENT_DAYS",
        "How many days after the decision an identity document is deleted.",
        "30",
        low=1,
        high=90,
    ),
    Variable(
        "BEYOU_VERIFICATION_FOUR_EYES",
        "`1`: two reviewers must approve before a member is verified; `0`: one.",
        "0",
        choices=("0", "1"),
    ),
    Variable(
        "BEYOU_MARKET_CURRENCY",
        "The currency of the market: three capital letters (ISO 4217).",
        "EUR",
    ),
    Variable(
        "BEYOU_MARKET_COMMISSION",
        "What the instance keeps of a sale, in hundredths of a percent: 500 is 5 %.",
        "500",
        low=0,
        high=5000,
    ),
    Variable(
        "BEYOU_MARKET_BROWSING",
        "Who may look at the market: all `members`, or `verified` ones. Selling and buying need verified"
        " members in any case.",
        "members",
        choices=("members", "verified"),
    ),
    Variable(
        "BEYOU_CLAIM_DAYS",
        "For how many days after the delivery a buyer may report a problem.",
        "14",
        low=1,
        high=180,
    ),
    Variable(
        "BEYOU_CLAIM_ANSWER_DAYS",
        "How many days a seller has to answer a claim, and a buyer an offer, before the staff decide.",
        "5",
        low=1,
        high=30,
    ),
    Variable(
        "BEYOU_CLAIM_FOUR_EYES",
        "From this amount on, in the smallest unit of the currency, two of the staff must agree on a claim.",
        "50000",
        low=0,
        high=10**12,
    ),
    Variable(
        "BEYOU_PAYMENT_GATEWAY",
        "Who charges buyers: `sandbox`, a pretend bank that moves no money and that production refuses,"
        " `stripe` or `none`. Production has `none` unless it says otherwise.",
        "sandbox",
        choices=("none", "sandbox", "stripe"),
    ),
    Variable("BEYOU_STRIPE_SECRET_KEY", "The secret or restricted API key of your Stripe account."),
    Variable("BEYOU_STRIPE_WEBHOOK_SECRET", "Signs what Stripe sends to `/payments/webhooks/stripe`."),
    Variable(
        "BEYOU_STRIPE_CONNECT",
        "`1`: Stripe pays your sellers out, by Connect; `0`: you send them their money by hand.",
        "0",
        choices=("0", "1"),
    ),
    Variable(
        "BEYOU_STRIPE_API", "Where Stripe answers; another address is for tests.", "https://api.stripe.com"
    ),
    Variable(
        "BEYOU_OIDC_PROVIDERS",
        "Identity providers (OpenID Connect) that members may sign in with: a JSON list of objects with `id`,"
        " `name`, `issuer`, `client_id` and `client_secret`; docs/howto/sign-in-with-a-provider.md has one."
        " Empty: none.",
    ),
    Variable(
        "BEYOU_ALERT_WEBHOOK_URL",
        "`http://` or `https://` address that is told when a health check fails and when it is well again;"
        " private addresses only in development. Empty: none.",
    ),
    Variable(
        "BEYOU_ALERT_WEBHOOK_SECRET",
        "Signs what the alert webhook gets (HMAC-SHA256); at least 32 characters.",
    ),
    Variable(
        "BEYOU_LOG_LEVEL",
        "Least severe level that is logged.",
        "info",
        choices=("debug", "info", "warning", "error"),
    ),
)

VARIABLES: dict[str, Variable] = {variable.name: variable for variable in _DECLARED}
_SECRETS = tuple(variable.name for variable in _DECLARED if variable.is_secret)


class Environment:
    """Typed look at the process environment.

    A variable `X` may be given as `X_FILE`, a path whose stripped contents are its value.
    Raises `ImproperlyConfigured` for unknown `BEYOU_*` names and for values that do not parse.
    """

    def __init__(self, variables: Mapping[str, str], base: Path) -> None:
        self._values = _collect(variables)
        self.mode = cast(Mode, self.choice("BEYOU_MODE"))
        self.data_dir = base / self.text("BEYOU_DATA_DIR")
        self._values |= self._missing_secrets()

    def _missing_secrets(self) -> dict[str, str]:
        """Development and test instances get secrets of their own; production never does."""
        missing = [name for name in _SECRETS if not self._values.get(name)]
        if self.mode == "production":
            needed = [name for name in missing if not VARIABLES[name].is_optional]
            if needed:
                raise ImproperlyConfigured(f"Production needs {', '.join(needed)}. Nothing was started.")
            public = [name for name, value in _test_secrets().items() if self._values.get(name) == value]
            if public:
                raise ImproperlyConfigured(f"{', '.join(public)} is the public value of the test suite.")
            return {}
        if not missing:
            return {}
        found = _test_secrets() if self.mode == "test" else _development_secrets(self.data_dir)
        return {name: found[name] for name in missing}

    def text(self, name: str) -> str:
        """The value, or the declared default."""
        return self._values.get(name) or VARIABLES[name].default

    def given(self, name: str) -> str | None:
        """The value if one was given: for defaults that depend on the mode."""
        return self._values.get(name) or None

    def choice(self, name: str) -> str:
        value, choices = self.text(name), VARIABLES[name].choices
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is {value!r}; use {' or '.join(choices)}.")
        return value

    def integer(self, name: str) -> int:
        value, declared = self.text(name), VARIABLES[name]
        if not value.isascii() or not value.isdigit() or not declared.low <= int(value) <= declared.high:
            raise ImproperlyConfigured(
                f"{name} is {value!r}; use a whole number from {declared.low} to {declared.high}."
            )
        return int(value)

    def file(self, name: str) -> Path | None:
        """The file that is named, which must be readable; None when none is."""
        value = self.given(name)
        if value is None:
            return None
        try:
            with Path(value).open("rb"):
                return Path(value)
        except OSError as error:
            raise ImproperlyConfigured(f"{name} names a file that cannot be read: {error}.") from error

    def oidc_providers(self, name: str) -> tuple[OidcProvider, ...]:
        try:
            return parse_providers(self.text(name), production=self.mode == "production")
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} {error}.") from None

    def secret_bytes(self, name: str, length: int) -> bytes:
        try:
            value = base64.b64decode(self.text(name), validate=True)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} is not base64.") from error
        if len(value) != length:
            raise ImproperlyConfigured(f"{name} has {len(value)} bytes; it needs {length}.")
        return value

    def fixed_options(self, name: str) -> frozenset[str]:
        value = self.text(name)
        if value.strip() == "all":
            return frozenset(OPTIONS)
        names = frozenset(each.strip() for each in value.split(",") if each.strip())
        if unknown := sorted(names - set(OPTIONS)):
            raise ImproperlyConfigured(f"{name} has {unknown[0]!r}, which no page can change.")
        return names

    def currency(self, name: str) -> str:
        value = self.text(name)
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ImproperlyConfigured(f"{name} is {value!r}; use three capital letters, such as EUR.")
        return value

    def path_segment(self, name: str) -> str:
        value = self.text(name)
        # The value is not repeated: it is a secret, and this message is logged.
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", value):
            raise ImproperlyConfigured(f"{name} needs 16 to 64 letters, digits, hyphens or underscores.")
        return value

    def fernet_keys(self, name: str) -> list[str]:
        keys = [key.strip() for key in self.text(name).split(",") if key.strip()]
        try:
            for key in keys:
                Fernet(key)
        # The value is not repeated: it may be almost right, and this message is logged.
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} holds a key that is no Fernet key.") from error
        if not keys:
            raise ImproperlyConfigured(f"{name} holds no key.")
        return keys


def _collect(variables: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in variables.items():
        if not name.startswith("BEYOU_"):
            continue
        plain = name if name in VARIABLES else name.removesuffix("_FILE")
        if plain not in VARIABLES:
            raise ImproperlyConfigured(f"{name} is not a setting of BeYou. See docs/reference/settings.md.")
        if plain in values:
            raise ImproperlyConfigured(f"{plain} and {plain}_FILE are both given; keep one.")
        values[plain] = value if plain == name else _contents(name, Path(value))
    return values


def _contents(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name} names a file that cannot be read: {error}.") from error


def _development_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this checkout, made on its first start and readable by its owner alone."""
    path = data_dir / "secrets.json"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=data_dir, encoding="utf-8", delete=False) as file:
            json.dump(_new_secrets(), file, indent=1)
        # A link appears whole and never replaces: of two processes that start at once both read one file.
        try:
            os.link(file.name, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(file.name)
    found = _read_secrets(path)
    return found if set(found) >= set(_SECRETS) else _complete(path)


def _read_secrets(path: Path) -> dict[str, str]:
    try:
        return cast(dict[str, str], json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{path} is damaged. Restore it; without it what was encrypted is lost."
        ) from error


def _complete(path: Path) -> dict[str, str]:
    """Adds the secrets that a newer version knows to the file of an older one; keeps those that it has."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Of two processes that start at once the second reads what the first has added.
        fcntl.flock(folder, fcntl.LOCK_EX)
        complete = _new_secrets() | _read_secrets(path)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
            json.dump(complete, file, indent=1)
        os.replace(file.name, path)
        return complete
    finally:
        os.close(folder)


def _random_bytes() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_secrets() -> dict[str, str]:
    return {
        "BEYOU_SECRET_KEY": secrets.token_urlsafe(64),
        "BEYOU_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "BEYOU_MAC_KEY": _random_bytes(),
        "BEYOU_LEDGER_KEY_SEED": _random_bytes(),
        "BEYOU_STAFF_PREFIX": secrets.token_urlsafe(18),
        "BEYOU_ADMIN_PATH": secrets.token_urlsafe(18),
    }


def _test_secrets() -> dict[str, str]:
    """Fixed values, so that vectors repeat; production refuses them."""
    fixed = base64.b64encode(bytes(range(32))).decode()
    return {
        "BEYOU_SECRET_KEY": "test-only-" * 6,
        "BEYOU_ENCRYPTION_KEYS": base64.urlsafe_b64encode(bytes(range(32))).decode(),
        "BEYOU_MAC_KEY": fixed,
        "BEYOU_LEDGER_KEY_SEED": fixed,
        "BEYOU_STAFF_PREFIX": "staff-pages-of-the-tests",
        "BEYOU_ADMIN_PATH": "back-room-of-the-tests",
    }

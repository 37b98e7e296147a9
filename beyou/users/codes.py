"""One-time codes as pure functions: time-based codes (RFC 6238) and recovery codes. No clock, no storage."""

import base64
import hmac
import re
import secrets

from argon2.low_level import Type, hash_secret_raw

#: How much somebody may type where a code is asked for.
CODE_LENGTH = 60
TOTP_SECONDS = 30
TOTP_DIGITS = 6
#: One step before and after: clocks differ, and typing takes time.
TOTP_TOLERANCE = 1
_TOTP = re.compile(r"[0-9]{6}", re.ASCII)

#: Crockford's base 32: no letter looks like a digit.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RECOVERY_LENGTH = 10
_RECOVERY = re.compile(rf"[{ALPHABET}]{{{RECOVERY_LENGTH}}}")
_LOOKALIKES = str.maketrans("oil", "011")


def plain(typed: str) -> str:
    """What a person meant: spaces of any kind and hyphens do not count, nor does case."""
    return "".join(typed.split()).replace("-", "").lower()


def is_totp(code: str) -> bool:
    """Whether the plain code has the form of a time-based one. Only ASCII digits are digits."""
    return _TOTP.fullmatch(code) is not None


def new_secret() -> str:
    """160 random bits in base 32, as authenticator apps take them."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def time_step(moment_ms: int) -> int:
    return moment_ms // 1000 // TOTP_SECONDS


def totp(secret: str, step: int) -> str:
    """The code of one time step (RFC 4226 §5.3 with SHA-1, six digits)."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**TOTP_DIGITS:0{TOTP_DIGITS}}"


def matching_steps(secret: str, code: str, now: int) -> list[int]:
    """The time steps around `now` whose code this is, the earliest first."""
    if not is_totp(code):
        return []
    steps = range(max(0, now - TOTP_TOLERANCE), now + TOTP_TOLERANCE + 1)
    return [step for step in steps if hmac.compare_digest(totp(secret, step), code)]


def new_recovery_code() -> str:
    """50 random bits in two groups."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
    return f"{code[:5]}-{code[5:]}"


def recovery_code(code: str) -> str:
    """The plain code with lookalikes put right; empty when it has not the form of a recovery code."""
    read = code.translate(_LOOKALIKES)
    return read if _RECOVERY.fullmatch(read) else ""


def stretch(code: str, salt: bytes) -> bytes:
    """Argon2id with the OWASP minimum, as for passwords."""
    return hash_secret_raw(
        code.encode(), salt, time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, type=Type.ID
    )

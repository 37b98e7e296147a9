"""Which passwords may be chosen: long enough, not guessable, and not among those that leaked. All offline."""

import gzip
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO, Final

import structlog
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError

log = structlog.get_logger()

MAX_LENGTH: Final = 1000
#: Shorter parts of a hash would refuse passwords that never leaked.
LEAST_PREFIX: Final = 12
_LINE: Final = 200
_HASH = re.compile(rb"[0-9A-F]{%d,40}" % LEAST_PREFIX)
_LEET = str.maketrans("013457@$!|8", "oieastasiib")
#: What is typed along the keyboard, the alphabet or the digits, in either direction.
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "1qaz2wsx3edc4rfv5tgb",
)
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class LengthValidator:
    """Long enough to resist guessing; nothing is cut off before the upper limit, which only stops floods."""

    def __init__(self, min_length: int = 10) -> None:
        self._min_length = min_length

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) < self._min_length:
            raise ValidationError(
                f"This password is too short. Use at least {self._min_length} characters; a few words are "
                "easier to remember.",
                code="password_too_short",
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"This password has more than {MAX_LENGTH} characters. Use fewer.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"At least {self._min_length} characters."


class GuessableValidator:
    """Not one of the 20,000 passwords that everybody tries first, however it is decorated, and no pattern."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if is_pattern(password) or any(variant in _common() for variant in variants(password)):
            raise ValidationError(
                "This password is one of the first that anybody would try, even with other capitals, digits "
                "or signs. Choose something that nobody else has.",
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return "Nothing that everybody would try."


class BreachedValidator:
    """Not in the operator's file of leaked passwords, if there is one."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if self._path is None:
            return
        digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        try:
            with self._path.open("rb") as file:
                leaked = is_listed(file, digest)
        except OSError:
            log.exception("passwords.list_unreadable")
            raise ValidationError(
                "The list of leaked passwords cannot be read at the moment. Try again in a few minutes.",
                code="password_list_unreadable",
            ) from None
        if leaked:
            raise ValidationError(
                "This password was in a data leak, so others know it. Choose another, also wherever else you "
                "use it.",
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return "No password that leaked."


def variants(password: str) -> Iterator[str]:
    """What the password is without capitals, decorations at its ends, and signs that stand for letters."""
    plain = password.casefold()
    for form in (plain, plain.translate(_LEET)):
        yield form
        bare = _EDGES.sub("", form)
        yield bare
        yield bare.translate(_LEET)
        yield _EDGES.sub("", bare.translate(_LEET))
        unit = _unit(bare) or _unit(form)
        if unit:
            yield unit


def _unit(text: str) -> str:
    """What the text repeats; empty when it repeats nothing."""
    at = (text + text).find(text, 1) if text else -1
    return text[:at] if 0 < at < len(text) else ""


def is_pattern(password: str) -> bool:
    """Few different characters, a short part over and over, or a walk along alphabet, digits or keyboard."""
    plain = password.casefold()
    if len(set(plain)) < 4 or 0 < len(_unit(plain)) < 4:
        return True
    walks = (row for each in _ROWS for row in (each * 3, each[::-1] * 3))
    return any(plain in row for row in walks)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Django's list of the most common passwords, without decorations, and the names of this place."""
    path = Path(password_validation.__file__).with_name("common-passwords.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        words = {line.strip() for line in file}
    # Shorter rests would refuse whatever merely ends in them.
    bare = {rest for word in words if len(rest := _EDGES.sub("", word)) >= 4}
    places = {"".join(settings.INSTANCE_NAME.casefold().split()), "beyou"}
    return frozenset(words | bare | places)


def is_listed(file: BinaryIO, digest: bytes) -> bool:
    """Whether a line of the sorted file is the digest or its beginning. Reads some forty lines at most."""
    low, high = 0, file.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        # From the byte before, so that a line that begins just here is not skipped.
        file.seek(max(0, middle - 1))
        if middle:
            file.readline(_LINE)
        start = file.tell()
        line = file.readline(_LINE).partition(b":")[0].strip().upper()
        if start >= high or not line:
            high = middle
            continue
        if _HASH.fullmatch(line) and digest.startswith(line):
            return True
        if line < digest:
            low = file.tell()
        else:
            high = middle
    return False

"""Which passwords may be chosen, and that a long one is taken whole."""

import random
from hashlib import sha1
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from beyou.users import validators
from beyou.users.models import User
from tests.factories import members
from tests.factories.members import PASSWORD


def _codes(password: str, user: User | None = None) -> set[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return {str(each.code) for each in error.error_list}
    return set()


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "Password2024!",
        "P@ssw0rd!!!!",
        "1passw0rd1234",
        "qwertyuiop",
        "QWERTYuiop123",
        "iloveyou!!!!",
        "!!!dragon1999!!!",
        "passwordpassword",
        "monkeymonkey12",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghijklmno",
        "0987654321",
        "12345678901234567890",
        "1212121212",
        "beyou2026!!!",
    ],
)
def test_what_everybody_would_try_is_refused(password: str) -> None:
    assert "password_too_common" in _codes(password)


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct-horse-battery",
        "kV9#mq2Lx7w",
        "Übergänge im Nebel",
        "七つの川と森の鳥たち",
        "🦢🦉🐢🦔🐝🦀🐌🦜🦩🐙",
    ],
)
def test_what_nobody_would_guess_is_taken(password: str) -> None:
    assert _codes(password) == set()


@pytest.mark.parametrize(
    "password", ["alice_of_kent", "Alice Ashdown", "alice.ash@example.org", "alice@example.org"]
)
def test_a_password_must_not_resemble_its_owner(password: str) -> None:
    alice = User(handle="alice_of_kent", name="Alice Ashdown", email="alice.ash@example.org")
    assert _codes(password, alice) & {"password_too_similar", "password_too_common"}


def test_length_counts_characters() -> None:
    assert _codes("kV9#mq2Lx") == {"password_too_short"}
    assert _codes("🦢🦉🐢🦔🐝🦀🐌🦜🦩") == {"password_too_short"}
    assert _codes("seven herons " * 78) == {"password_too_long"}


@pytest.mark.django_db
@pytest.mark.parametrize("length", [64, 128, 500, 1000])
def test_nothing_of_a_long_password_is_cut_off(length: int) -> None:
    random.seed(length)
    password = "".join(random.choices("abcdefghijklmnop qrstuvwxyz", k=length - 1)) + "z"
    assert _codes(password) == set()
    members.member("alice").set_password(password)
    alice = User.objects.get()
    alice.set_password(password)
    alice.save()
    fields = {"login": alice.email, "password": password[:-1] + "y"}
    assert Client().post("/sign-in", fields).status_code == 200
    assert Client().post("/sign-in", fields | {"password": password[:-1]}).status_code == 200
    assert Client().post("/sign-in", fields | {"password": password}).status_code == 302


def _list(passwords: list[str], *, count: bool = True, length: int = 40) -> bytes:
    hashes = sorted(sha1(each.encode()).hexdigest().upper()[:length] for each in passwords)
    return b"".join(f"{each}{':3' if count else ''}\r\n".encode() for each in hashes)


def _is_listed(file: bytes, password: str) -> bool:
    return validators.is_listed(BytesIO(file), sha1(password.encode()).hexdigest().upper().encode())


@pytest.mark.parametrize("size", [1, 2, 3, 10, 257])
@pytest.mark.parametrize("count", [True, False])
@pytest.mark.parametrize("length", [40, 16])
def test_every_line_of_the_list_is_found_and_nothing_else(size: int, length: int, *, count: bool) -> None:
    leaked = [f"leaked {number}" for number in range(size)]
    file = _list(leaked, count=count, length=length)
    assert all(_is_listed(file, each) for each in leaked)
    assert not any(_is_listed(file, f"safe {number}") for number in range(300))


@pytest.mark.parametrize(
    "file", [b"", b"\n", b"\n\n\n", b"nonsense\n" * 50, b"A\n", b"\xff" * 5000, b"A" * 5000]
)
def test_a_list_that_is_none_finds_nothing_and_ends(file: bytes) -> None:
    assert not _is_listed(file, "anything")


def test_a_large_list_is_read_in_a_few_lines() -> None:
    class Counting(BytesIO):
        reads = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().readline(size)

    file = Counting(_list([str(number) for number in range(20_000)]))
    assert validators.is_listed(file, sha1(b"777").hexdigest().upper().encode())
    assert file.reads < 80


def test_the_operators_list_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "leaked.txt"
    path.write_bytes(_list([PASSWORD]))
    check = validators.BreachedValidator(path)
    check.validate("nine otters under a bridge")
    with pytest.raises(ValidationError, match="data leak"):
        check.validate(PASSWORD)
    path.unlink()
    with pytest.raises(ValidationError, match="cannot be read"):
        check.validate("nine otters under a bridge")

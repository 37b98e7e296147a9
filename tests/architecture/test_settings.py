"""An instance starts only with settings that are known, well formed and, in production, safe."""

import base64
import json
import os
import runpy
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from beyou.config.databases import database_from_url
from beyou.config.environment import Environment, _test_secrets
from beyou.instance.options import OPTIONS
from tests.architecture.table import PACKAGE, ROOT

_SAFE = {
    "BEYOU_MODE": "production",
    "BEYOU_ORIGIN": "https://example.org",
    "BEYOU_SECRET_KEY": secrets.token_urlsafe(64),
    "BEYOU_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "BEYOU_MAC_KEY": base64.b64encode(os.urandom(32)).decode(),
    "BEYOU_LEDGER_KEY_SEED": base64.b64encode(os.urandom(32)).decode(),
    "BEYOU_STAFF_PREFIX": secrets.token_urlsafe(18),
    "BEYOU_MAIL_URL": "smtp+tls://post:secret@mail.example.org:587",
}

Load = Callable[[dict[str, str]], dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Runs the settings module anew with exactly these BEYOU_* variables."""

    def run(variables: dict[str, str]) -> dict[str, Any]:
        for name in [name for name in os.environ if name.startswith("BEYOU_")]:
            monkeypatch.delenv(name)
        for name, value in ({"BEYOU_DATA_DIR": str(tmp_path)} | variables).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(PACKAGE / "config" / "settings.py"))

    return run


def test_safe_production_settings_start(load: Load) -> None:
    settings = load(_SAFE)
    assert settings["ALLOWED_HOSTS"] == ["example.org"]
    assert settings["DEBUG"] is False
    assert settings["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert settings["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert "Argon2" in str(settings["PASSWORD_HASHERS"]) or "MemberHasher" in str(
        settings["PASSWORD_HASHERS"]
    )


def test_django_has_nothing_to_say_against_production(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BEYOU_")}
    done = subprocess.run(
        [sys.executable, "-m", "beyou", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=inherited | _SAFE | {"BEYOU_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [name for name in _SAFE if name != "BEYOU_MODE"])
def test_production_refuses_to_start_without(load: Load, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        load({key: value for key, value in _SAFE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEYOU_ORIGIN", "http://example.org"),
        ("BEYOU_ORIGIN", "https://"),
        ("BEYOU_ORIGIN", "https://example.org/path"),
        ("BEYOU_ORIGIN", "https://user@example.org"),
        ("BEYOU_SECRET_KEY", "short"),
        ("BEYOU_SECRET_KEY", "k" * 64),
        ("BEYOU_ENCRYPTION_KEYS", "not a key"),
        ("BEYOU_ENCRYPTION_KEYS", " , "),
        ("BEYOU_MAC_KEY", "AAAA"),
        ("BEYOU_LEDGER_KEY_SEED", "***"),
        ("BEYOU_STAFF_PREFIX", "admin"),
        ("BEYOU_STAFF_PREFIX", "staff-pages/of-the-tests"),
        ("BEYOU_STAFF_PREFIX", "staff pages of the tests"),
        ("BEYOU_STAFF_PREFIX", "x" * 65),
        ("BEYOU_ADMIN_PATH", "admin"),
        ("BEYOU_ADMIN_PATH", "too-short-to-be"),
        ("BEYOU_ADMIN_PATH", "back/room-of-the-tests"),
        ("BEYOU_ADMIN_PATH", "back room of the tests"),
        ("BEYOU_ADMIN_PATH", "abababababababababab"),
        ("BEYOU_ADMIN_PATH", "our-Admin-pages-4711"),
        pytest.param("BEYOU_ADMIN_PATH", _SAFE["BEYOU_STAFF_PREFIX"], id="two secrets alike"),
        ("BEYOU_MAIL_URL", "console:"),
        ("BEYOU_MAIL_URL", "carrier-pigeon://loft"),
        ("BEYOU_ALERT_WEBHOOK_URL", "ftp://hooks.example.org/"),
        ("BEYOU_ALERT_WEBHOOK_URL", "https://user:password@hooks.example.org/"),
        ("BEYOU_ALERT_WEBHOOK_URL", "https://hooks.example.org:port/"),
        ("BEYOU_ALERT_WEBHOOK_URL", "https://[hooks/"),
        # Without a secret of its own.
        ("BEYOU_ALERT_WEBHOOK_URL", "https://hooks.example.org/"),
        ("BEYOU_MODE", "staging"),
        ("BEYOU_IN_PROCESS", "yes"),
        ("BEYOU_LEDGER_CONSENSUS", "trust"),
        ("BEYOU_LEDGER_DIFFICULTY_BITS", "33"),
        ("BEYOU_LEDGER_DIFFICULTY_BITS", "-1"),
        ("BEYOU_LEDGER_DIFFICULTY_BITS", "８"),
        ("BEYOU_LOG_LEVEL", "loud"),
        ("BEYOU_PAYMENT_GATEWAY", "sandbox"),
        ("BEYOU_PAYMENT_GATEWAY", "mattress"),
        ("BEYOU_DATABASE_URL", "oracle://db/beyou"),
        ("BEYOU_FIXED_SETTINGS", "market_commission,secret_key"),
        ("BEYOU_FIXED_SETTINGS", "MARKET_COMMISSION"),
    ],
)
def test_insecure_or_malformed_values_stop_the_start(load: Load, name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        load(_SAFE | {name: value})


@pytest.mark.parametrize(
    ("value", "fixed"),
    [("", set()), (" claim_days, chats_new ,", {"claim_days", "chats_new"}), ("all", set(OPTIONS))],
)
def test_the_server_fixes_what_it_names(load: Load, value: str, fixed: set[str]) -> None:
    assert load(_SAFE | {"BEYOU_FIXED_SETTINGS": value})["FIXED_OPTIONS"] == fixed


def test_no_pretend_bank_stands_in_production(load: Load) -> None:
    settings = load(_SAFE)
    assert settings["PAYMENT_GATEWAY"] == "none"
    assert "beyou.sandbox" not in settings["INSTALLED_APPS"]
    assert load({})["PAYMENT_GATEWAY"] == "sandbox"


_STRIPE = {
    "BEYOU_PAYMENT_GATEWAY": "stripe",
    "BEYOU_STRIPE_SECRET_KEY": "key",
    "BEYOU_STRIPE_WEBHOOK_SECRET": "secret",
}


def test_production_has_a_back_room_only_where_it_is_asked_for(load: Load) -> None:
    assert load(_SAFE)["ADMIN_PATH"] == load(_SAFE | {"BEYOU_ADMIN_PATH": ""})["ADMIN_PATH"] == ""
    assert load(_SAFE | {"BEYOU_ADMIN_PATH": "9f_Kx-72hQwLmZ81"})["ADMIN_PATH"] == "9f_Kx-72hQwLmZ81"
    assert len(load({})["ADMIN_PATH"]) >= 16


def test_stripe_needs_its_secrets_and_its_own_address(load: Load) -> None:
    assert load(_SAFE | _STRIPE)["STRIPE_API"] == "https://api.stripe.com"
    for name in ("BEYOU_STRIPE_SECRET_KEY", "BEYOU_STRIPE_WEBHOOK_SECRET"):
        with pytest.raises(ImproperlyConfigured, match=name):
            load(_SAFE | {key: value for key, value in _STRIPE.items() if key != name})
    with pytest.raises(ImproperlyConfigured, match="BEYOU_STRIPE_API"):
        load(_SAFE | _STRIPE | {"BEYOU_STRIPE_API": "http://stripe.example"})


def test_several_production_processes_need_redis(load: Load) -> None:
    with pytest.raises(ImproperlyConfigured, match="BEYOU_REDIS_URL"):
        load(_SAFE | {"BEYOU_IN_PROCESS": "0"})


@pytest.mark.parametrize("name", sorted(_test_secrets()))
def test_production_refuses_the_public_secrets_of_this_suite(load: Load, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        load(_SAFE | {name: _test_secrets()[name]})


@pytest.mark.parametrize("name", ["BEYOU_SECRET_KEYS", "BEYOU_DEBUG", "BEYOU_MODE_FILE_FILE"])
def test_unknown_names_stop_the_start(load: Load, name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        load({name: "1"})


def test_no_error_repeats_a_secret(load: Load) -> None:
    almost = "correct-horse-battery-admin"
    for name in ("BEYOU_ENCRYPTION_KEYS", "BEYOU_ADMIN_PATH"):
        with pytest.raises(ImproperlyConfigured) as caught:
            load(_SAFE | {name: almost})
        assert almost not in str(caught.value)


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x" * 60 + "\n")
    variables = {key: value for key, value in _SAFE.items() if key != "BEYOU_SECRET_KEY"}
    environment = Environment(variables | {"BEYOU_SECRET_KEY_FILE": str(tmp_path / "key")}, tmp_path)
    assert environment.text("BEYOU_SECRET_KEY") == "x" * 60
    with pytest.raises(ImproperlyConfigured, match="BEYOU_SECRET_KEY_FILE"):
        Environment(variables | {"BEYOU_SECRET_KEY_FILE": str(tmp_path / "absent")}, tmp_path)
    with pytest.raises(ImproperlyConfigured, match="keep one"):
        Environment(_SAFE | {"BEYOU_SECRET_KEY_FILE": str(tmp_path / "key")}, tmp_path)


def test_a_development_instance_makes_its_secrets_once(tmp_path: Path) -> None:
    first = Environment({"BEYOU_DATA_DIR": "data"}, tmp_path)
    again = Environment({"BEYOU_DATA_DIR": "data"}, tmp_path)
    elsewhere = Environment({"BEYOU_DATA_DIR": "other"}, tmp_path)
    names = sorted(_test_secrets())
    assert [first.text(name) for name in names] == [again.text(name) for name in names]
    assert all(first.text(name) != elsewhere.text(name) for name in names)
    assert all(first.text(name) != _test_secrets()[name] for name in names)
    path = tmp_path / "data" / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secrets.json"]


def test_secrets_that_a_newer_version_knows_are_added_to_an_older_file(tmp_path: Path) -> None:
    first = Environment({}, tmp_path)
    path = tmp_path / "var" / "secrets.json"
    old = json.loads(path.read_text())
    del old["BEYOU_STAFF_PREFIX"]
    path.write_text(json.dumps(old))
    second, third = Environment({}, tmp_path), Environment({}, tmp_path)
    assert second.text("BEYOU_SECRET_KEY") == first.text("BEYOU_SECRET_KEY")
    assert second.text("BEYOU_STAFF_PREFIX") == third.text("BEYOU_STAFF_PREFIX")
    assert len(second.text("BEYOU_STAFF_PREFIX")) >= 16
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secrets.json"]


def test_processes_that_start_at_once_share_the_secrets(tmp_path: Path) -> None:
    barrier, keys = threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        keys.append(Environment({}, tmp_path).text("BEYOU_SECRET_KEY"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_damaged_development_secrets_are_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "var" / "secrets.json"
    path.parent.mkdir()
    path.write_text(json.dumps({})[:1])
    with pytest.raises(ImproperlyConfigured, match="damaged"):
        Environment({}, tmp_path)
    assert path.read_text() == "{"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///var/a.sqlite3", {"NAME": Path("var/a.sqlite3")}),
        ("sqlite:////srv/a%20b.sqlite3", {"NAME": Path("/srv/a b.sqlite3")}),
        (
            "mysql://me:p%40ss@db:3307/beyou",
            {"NAME": "beyou", "USER": "me", "PASSWORD": "p@ss", "HOST": "db", "PORT": "3307"},
        ),
        ("postgres://me@db/beyou?socket=/run/pg", {"NAME": "beyou", "USER": "me", "HOST": "/run/pg"}),
    ],
)
def test_database_urls(url: str, expected: dict[str, object]) -> None:
    database = database_from_url(url)
    assert {key: database[key] for key in expected} == expected


def test_the_embedded_database_flushes_every_commit() -> None:
    commands = database_from_url("sqlite:///a.sqlite3")["OPTIONS"]["init_command"]
    assert "journal_mode=WAL" in commands
    assert "synchronous=FULL" in commands
    assert "foreign_keys=ON" in commands

"""What the repository itself must and must not hold."""

import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from tests.architecture.table import PACKAGE, ROOT


@lru_cache(maxsize=1)
def _tracked() -> dict[str, str]:
    """Path → text of every tracked text file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    texts = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data[:4096]:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


def _places(pattern: str, *, exclude: tuple[str, ...] = ()) -> list[str]:
    expression = re.compile(pattern)
    return [
        f"{name}:{number}"
        for name, text in _tracked().items()
        if not name.startswith(exclude)
        for number, line in enumerate(text.splitlines(), start=1)
        if expression.search(line)
    ]


# Assembled, so that this file does not find itself.
_MACHINE_FOLDERS = "|".join(("work", "farm", "root", "home/[a-z]+", "tmp/[a-z]+"))
_INDEX_HOSTS = "|".join(
    (
        r"pypi\.org",
        r"pythonhosted\.org",
        r"npmjs\.(org|com)",
        r"yarnpkg\.com",
        r"deb\.debian\.org",
        r"npmmirror\.com",
    )
)
_SECRET = "|".join(
    (
        "-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED |)PRIVATE" + " KEY-----",
        "AKIA[0-9A-Z]{16}",
        "ghp_[A-Za-z0-9]{36}",
        "sk_(live|test)_[A-Za-z0-9]{16,}",
        r"xox[abp]-[A-Za-z0-9-]{20,}",
    )
)


def test_no_file_names_a_folder_of_some_machine() -> None:
    assert _places(rf"(^|[^A-Za-z0-9.])/({_MACHINE_FOLDERS})/", exclude=("tests/architecture/",)) == []


def test_no_file_names_a_package_index() -> None:
    assert _places(_INDEX_HOSTS, exclude=("tests/architecture/",)) == []


def test_no_file_holds_a_private_key_or_token() -> None:
    assert _places(_SECRET) == []


def test_lock_files_pin_hashes_and_name_no_host() -> None:
    packages = json.loads(_tracked()["package-lock.json"])["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert all("resolved" not in package and package["integrity"] for package in installed.values())
    for name in ("base", "run", "dev"):
        text = _tracked()[f"requirements/{name}.txt"]
        pinned = re.findall(r"^[a-z0-9._-]+(?:\[[^]]+\])?==", text, flags=re.MULTILINE)
        assert len(pinned) > 20
        assert text.count(" \\\n    --hash=sha256:") >= len(pinned)
        assert not re.search(
            r"^(-i|--index-url|--extra-index-url|--find-links)|https?://", text, re.MULTILINE
        )


def test_what_must_never_be_committed_is_ignored() -> None:
    for path in (
        "var/secrets.json",
        "var/db.sqlite3",
        ".venv/x",
        "node_modules/x",
        "frontend/dist/x",
        "static/x",
    ):
        assert subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0, (
            path
        )


@pytest.mark.parametrize("app", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_every_app_explains_itself_on_one_screen(app: str) -> None:
    lines = (PACKAGE / app / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert 5 <= len(lines) <= 60


_TEMPLATES = sorted(PACKAGE.glob("*/templates/**/*.html"))
_EXTERNAL = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""")
_INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*type=\"(?:application/json|speculationrules)\")|<style|\sstyle=|\son[a-z]+=|javascript:"
)


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_templates_obey_the_content_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert _INLINE.findall(text) == []
    assert "|safe" not in text
    assert "autoescape off" not in text
    if not path.name.endswith("security.html"):
        assert _EXTERNAL.findall(text) == []


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_posting_form_carries_a_token(path: Path) -> None:
    for form in re.findall(r"<form\b.*?</form>", path.read_text(encoding="utf-8"), flags=re.DOTALL):
        if re.search(r"method=[\"']?post", form.split(">")[0], flags=re.IGNORECASE):
            assert "{% csrf_token %}" in form

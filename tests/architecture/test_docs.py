"""The documents tell the truth: generated pages are fresh, links lead somewhere, commands exist."""

import re
from pathlib import Path

import pytest

from docs import generate
from tests.architecture.table import ROOT

_PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "beyou").glob("*/README.md")])
_EVERY_PAGE = pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.mark.parametrize("path", sorted(generate.PAGES), ids=lambda path: path.name)
def test_generated_pages_are_fresh(path: Path) -> None:
    if path.read_text(encoding="utf-8") != generate.PAGES[path]():
        pytest.fail(f"{path.name} is stale; run: make docs")


@_EVERY_PAGE
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert broken == []


@_EVERY_PAGE
def test_make_targets_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= targets


def test_help_lists_every_target_with_a_description() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE))
    assert set(phony[1].replace("\\", " ").split()) <= described


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))

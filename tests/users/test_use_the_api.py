"""The how-to of the API is run as it stands, by a shell, against a real server."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from beyou.messaging.models import Message
from beyou.users.scopes import Scope
from tests.architecture.table import ROOT
from tests.factories import members
from tests.messaging.live import serving
from tests.messaging.world import chat

_PAGE = ROOT / "docs" / "howto" / "use-the-api.md"


@pytest.mark.django_db(transaction=True)
def test_the_example_of_the_how_to_works(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_HIGH_WATER = tmp_path / "highwater"
    alice = members.alice()
    chat(alice, members.bob())
    scopes = (Scope.READ_PROFILE, Scope.READ_MESSAGES, Scope.WRITE_MESSAGES)
    _, text = members.token(alice, *scopes)
    found = re.search(r"```sh\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    with serving() as live:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", found[1]],
            env=os.environ | {"BEYOU": live.origin, "TOKEN": text, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"handle":"alice"' in run.stdout
    assert Message.objects.count() == 1


def test_the_how_to_names_every_scope_that_its_example_needs() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    assert all(f"`{scope}`" in page for scope in ("read:profile", "read:messages", "write:messages", "chat"))

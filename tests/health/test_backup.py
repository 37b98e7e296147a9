"""`beyou backup`: a copy that can be opened, a record of it, and neither where something is wrong."""

import io
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from beyou.health.models import BackupRecord
from beyou.users.models import User
from tests.factories import members

pytestmark = pytest.mark.django_db(transaction=True)


def _backup(*arguments: str) -> str:
    out = io.StringIO()
    call_command("backup", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_copy_holds_the_members_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    members.alice()
    said = _backup(str(tmp_path))
    (file,) = tmp_path.iterdir()
    record = BackupRecord.objects.get()
    assert (record.file, record.size) == (file.name, file.stat().st_size)
    assert record.sha256 in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("SELECT count(*) FROM users_user").fetchone() == (User.objects.count(),)


@pytest.mark.skipif("connection.vendor == 'sqlite'")
def test_servers_have_their_own_programs(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--made"):
        _backup(str(tmp_path))


def test_a_backup_of_another_program_is_recorded(tmp_path: Path) -> None:
    file = tmp_path / "beyou.dump"
    file.write_bytes(b"x")
    _backup("--made", str(file))
    assert BackupRecord.objects.get().file == "beyou.dump"


def test_what_is_no_backup_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for arguments in (
        [],
        ["--made", str(tmp_path / "empty")],
        ["--made", str(tmp_path)],
        ["--made", str(tmp_path / "none")],
        [str(tmp_path / "none")],
        [str(tmp_path), "--made", str(tmp_path / "empty")],
    ):
        with pytest.raises(CommandError):
            _backup(*arguments)
    assert not BackupRecord.objects.exists()
    assert connection.vendor in ("sqlite", "mysql", "postgresql")

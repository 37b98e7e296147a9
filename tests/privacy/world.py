"""Members who leave, and everything that then runs by itself."""

from pathlib import Path

from django.conf import settings

from beyou.core import clock, events, work
from beyou.ledger.sealer import Sealer
from beyou.ledger.services import ledger_signer
from beyou.ledger.sources import current, step_sources
from beyou.ledger.verification import Verification
from beyou.privacy import services
from beyou.users import deletion
from beyou.users.models import User

DAY_MS = 24 * 3600 * 1000


def seal(folder: Path) -> None:
    """Every waiting entry is in a block."""
    sealer = Sealer(ledger_signer(), folder / "highwater", require_durable=False)
    while sealer.step():
        pass


def findings(folder: Path) -> list[str]:
    """What a verification of the whole ledger names."""
    key, high_water = ledger_signer().verifier, folder / "highwater"
    verification = Verification(key, high_water, current(), step_sources=step_sources())
    return [finding.kind for finding in verification.run()]


def settle() -> None:
    """Facts have reached their handlers and long work is done."""
    while events.drain() or work.run_once():
        pass


def leave(member: User, folder: Path) -> None:
    """The member asked, the fortnight passed, and everything that follows has happened."""
    deletion.request_deletion(member_id=member.pk)
    settle()
    pass_days(15)
    seal(folder)
    assert services.erase_due() == 1
    settle()
    seal(folder)


def pass_days(days: float) -> None:
    clock.shift(int(days * DAY_MS))


def data_dir() -> Path:
    return Path(settings.DATA_DIR)

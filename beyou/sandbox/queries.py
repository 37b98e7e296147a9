"""Reading what the bank remembers."""

from dataclasses import dataclass

from beyou.core.errors import NotFound
from beyou.payments.rules import Progress
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import FACES, Card, Face


@dataclass(frozen=True, slots=True)
class Choice:
    """One card on the page."""

    card: Card
    face: Face


CHOICES = [Choice(card, face) for card, face in FACES.items()]


def charge_of(reference: str) -> BankCharge:
    """Whoever knows the reference may see and pay it. Raises `NotFound`."""
    charge = BankCharge.objects.filter(reference=reference).first()
    if charge is None:
        raise NotFound
    return charge


def is_open(charge: BankCharge) -> bool:
    """Whether the payer has still something to do."""
    return charge.progress == Progress.OPEN

"""What somebody does on the bank's page."""

from django.db import transaction

from beyou.core import clock
from beyou.payments.rules import Progress
from beyou.sandbox import rules
from beyou.sandbox.models import BankCharge
from beyou.sandbox.rules import Answer, Card
from beyou.sandbox.services.bank import locked
from beyou.sandbox.services.notices import tell


@transaction.atomic
def pay(*, reference: str, card: Card) -> BankCharge:
    """The card was tried, once: whoever pays again with whatever card changes nothing. Returns the charge."""
    charge = locked(reference)
    if charge.progress == Progress.OPEN and not charge.needs_confirmation:
        charge.card = card.value
        _take(charge, rules.answer_to(card))
    return charge


@transaction.atomic
def confirm(*, reference: str, is_granted: bool) -> BankCharge:
    """The payer said whether it was them. Changes nothing where nobody asked. Returns the charge."""
    charge = locked(reference)
    if charge.progress == Progress.OPEN and charge.needs_confirmation:
        charge.needs_confirmation = False
        refused = Answer(Progress.FAILED, "confirmation_refused")
        _take(charge, Answer(Progress.PAID) if is_granted else refused)
    return charge


def _take(charge: BankCharge, answer: Answer) -> None:
    charge.progress, charge.failure = answer.progress.value, answer.failure
    charge.needs_confirmation = answer.needs_confirmation
    charge.settles_at = clock.now() + answer.takes if answer.takes else None
    charge.save()
    if answer.takes:
        tell(charge, kind="charge.processing")
    if not answer.needs_confirmation:
        kind = "charge.paid" if answer.takes else ""
        tell(charge, kind=kind, after=answer.notice_after)

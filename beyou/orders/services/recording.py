"""What the ledger keeps of an order: every step of each part, in the transaction that takes it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from beyou.core import clock
from beyou.ledger import queries as ledger
from beyou.ledger.services import NewStep, record_steps
from beyou.ledger.steps import Actor as LedgerActor
from beyou.ledger.steps import Step
from beyou.orders.models import Order, SubOrder
from beyou.orders.rules import Actor, What

Facts = Mapping[str, object]


def terms_of(part: SubOrder) -> Facts:
    """What buyer and seller agree on, as both may read it: nobody's name or address, and not the fee."""
    return {
        "number": part.number,
        "seller": str(part.seller_id),
        "currency": part.currency,
        "goods_minor": part.goods_minor,
        "discount_minor": part.discount_minor,
        "delivery": part.delivery_name,
        "delivery_minor": part.delivery_minor,
        "total_minor": part.total_minor,
        "lines": [
            {
                "item": str(line.item_id),
                "version": line.version,
                "title": line.title,
                "choice": line.variant_name,
                "condition": line.condition,
                "description_sha256": hashlib.sha256(line.description.encode()).hexdigest(),
                "unit_minor": line.unit_minor,
                "quantity": line.quantity,
            }
            for line in sorted(part.lines.all(), key=lambda line: line.pk)
        ],
    }


def _price(part: SubOrder, _: str) -> Facts:
    return {"currency": part.currency, "total_minor": part.total_minor}


def _parcel(part: SubOrder, _: str) -> Facts:
    return {"carrier": part.carrier, "tracking": part.tracking}


def _money_back(part: SubOrder, detail: str) -> Facts:
    return {"currency": part.currency, "amount_minor": int(detail)}


#: What stands in the timeline and also in the ledger: the step, and its facts by the part and the detail.
_RECORDED: Final[Mapping[What, tuple[Step, Callable[[SubOrder, str], Facts]]]] = {
    What.PAYING: (Step.PLACED, lambda part, _: terms_of(part)),
    What.PAID: (Step.PAID, _price),
    What.SHIPPED: (Step.SHIPPED, _parcel),
    What.CORRECTED: (Step.CORRECTED, _parcel),
    What.DELIVERED: (Step.DELIVERED, lambda part, detail: {}),
    What.CALLED_OFF: (Step.CALLED_OFF, lambda part, detail: {"reason": detail}),
    What.REFUNDED: (Step.REFUNDED, _money_back),
    What.DISPUTED: (Step.DISPUTED, lambda part, detail: {}),
    What.SETTLED: (Step.SETTLED, _money_back),
}


def record(
    order: Order, what: What, actor: Actor, *, part: SubOrder | None, actor_id: UUID | None, detail: str
) -> None:
    """The step of the part, or of every part of the order, waits for its seal. Nothing happens for what is no
    step: holding, failing, trying again. Inside the transaction and under the lock of the order.
    """
    if what is What.CANCELLED:
        withdraw(order, actor, actor_id)
    elif what in _RECORDED:
        step, facts = _RECORDED[what]
        parts = [part] if part is not None else _parts(order)
        _record(parts, step, actor, actor_id, lambda each: facts(each, detail))


def withdraw(order: Order, actor: Actor, actor_id: UUID | None) -> None:
    """The parts that were placed, and are given up before they are paid, say so."""
    parts = _parts(order)
    placed = ledger.steps_of([part.pk for part in parts])
    _record([part for part in parts if placed[part.pk]], Step.CANCELLED, actor, actor_id, lambda part: {})


def _parts(order: Order) -> list[SubOrder]:
    return list(order.parts.order_by("id").prefetch_related("lines"))


def _record(
    parts: Iterable[SubOrder],
    step: Step,
    actor: Actor,
    actor_id: UUID | None,
    facts: Callable[[SubOrder], Facts],
) -> None:
    by, at_ms = LedgerActor[actor.name], clock.now_ms()
    record_steps([NewStep(part.pk, step, by, actor_id, facts(part), at_ms) for part in parts])

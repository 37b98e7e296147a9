"""Rows of a claim without its payment: for walks over pages."""

from beyou.core import clock
from beyou.disputes.models import Claim, Entry, Evidence
from beyou.media.services import Purpose, store_image
from beyou.orders.models import SubOrder
from tests.factories.pictures import picture


def bare_claim(part: SubOrder, **changes: object) -> Claim:
    """An open claim of the part's buyer, with one picture."""
    SubOrder.objects.filter(pk=part.pk).update(state="disputed")
    buyer = part.order.buyer_id
    values: dict[str, object] = {
        "part": part, "open_of": part, "buyer_id": buyer, "seller_id": part.seller_id,
        "reason": "damaged", "currency": "EUR", "total_minor": part.total_minor, "answer_by": clock.now(),
    }  # fmt: skip
    claim = Claim.objects.create(**(values | changes))
    entry = Entry.objects.create(claim=claim, step="claim", side="buyer", author_id=buyer)
    file = store_image(
        data=picture("PNG", (80, 80)),
        owner_id=buyer,
        purpose=Purpose.EVIDENCE,
        longest_side=80,
        encrypted=True,
    )
    Evidence.objects.create(claim=claim, entry=entry, owner_id=buyer, media_id=file.pk)
    return claim

"""What sellers offer besides prices."""

from collections.abc import Iterable
from uuid import UUID

from beyou.marketplace.models import SellerTerms
from beyou.marketplace.rules import Terms


def terms_of(seller_ids: Iterable[UUID]) -> dict[UUID, Terms]:
    """seller → their terms, also for those who never set any. One statement."""
    wanted = set(seller_ids)
    rows = {row.pk: row for row in SellerTerms.objects.filter(pk__in=wanted)} if wanted else {}
    return {seller_id: _terms(rows[seller_id]) if seller_id in rows else Terms() for seller_id in wanted}


def _terms(row: SellerTerms) -> Terms:
    return Terms(row.takes_offers, row.least_percent, row.bundle_from, row.bundle_percent)

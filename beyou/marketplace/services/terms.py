"""Setting what one offers besides prices."""

from dataclasses import asdict
from uuid import UUID

from beyou.core import limits
from beyou.core.transactions import retried
from beyou.marketplace.errors import InvalidItem
from beyou.marketplace.models import SellerTerms
from beyou.marketplace.rules import Terms, terms_problems
from beyou.verification.queries import check_verified


@retried
def set_terms(*, seller_id: UUID, terms: Terms) -> None:
    """These are the seller's terms from now on; what was agreed before stays. Raises `VerificationRequired`,
    `InvalidItem` with what is wrong by field, and `RateLimited`.
    """
    limits.check("items.member", str(seller_id))
    check_verified(seller_id)
    found = terms_problems(terms)
    if found:
        raise InvalidItem(found)
    SellerTerms.objects.update_or_create(pk=seller_id, defaults=asdict(terms))

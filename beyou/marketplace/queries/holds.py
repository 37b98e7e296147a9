"""What is held for whom, and whose a variant is: questions of carts."""

from uuid import UUID

from beyou.marketplace.models import Variant


def is_own_variant(member_id: UUID, variant_id: UUID) -> bool:
    """Whether the member offers it. One statement."""
    return Variant.objects.filter(id=variant_id, item__seller_id=member_id).exists()

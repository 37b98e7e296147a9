"""What staff may not do."""

from beyou.core.errors import InvalidInput, NotAllowed


class NotBelow(NotAllowed):
    code, status, title = "not_below", 403, "Nobody acts on themselves, on equals or upwards"


class FilterRefused(InvalidInput):
    """A filter that cannot be kept so."""

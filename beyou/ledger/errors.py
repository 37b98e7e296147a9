"""What can go wrong with the ledger, for members, staff and the sealer."""

from beyou.core.errors import ApplicationError


class LedgerEmpty(ApplicationError):
    """No checkpoint has been signed yet."""

    code, status, title = "ledger_empty", 404, "The ledger has no checkpoint yet"


class NoSuchTreeSize(ApplicationError):
    """A proof was asked between sizes that this log never had."""

    code, status, title = "no_such_tree_size", 422, "The ledger never had that size"


class LedgerDamaged(ApplicationError):
    """Rows that a proof needs are missing or do not fit together."""

    code, status, title = "ledger_damaged", 503, "The ledger is damaged"


class SealingRefused(Exception):
    """The sealer must not go on until a person has looked; the reason is also an alert."""

    def __init__(self, kind: str, detail: str, *, block_no: int | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.block_no = block_no


class HighWaterRefused(SealingRefused):
    """The database does not extend what was signed: signing more would make a fork."""

    def __init__(self, detail: str) -> None:
        super().__init__("high_water", detail)


class NotDurable(SealingRefused):
    """The database would answer a commit before it is on disk, so a signed size could be rolled back."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_durable", detail)

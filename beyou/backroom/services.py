"""What the back room writes: that somebody looked."""

from uuid import UUID

from beyou.audit.services import record


def note_list_look(*, actor_id: UUID, table: str, page: int, address: str) -> None:
    """The audit says who looked at which page of which table."""
    record(act="backroom.list_viewed", actor_id=actor_id, address=address, table=table, page=page)


def note_row_look(*, actor_id: UUID, table: str, key: str, subject_id: UUID | None, address: str) -> None:
    """The audit says who looked at which row, and whom the row is about."""
    record(
        act="backroom.row_viewed",
        actor_id=actor_id,
        subject_id=subject_id,
        object_id=key,
        address=address,
        table=table,
    )

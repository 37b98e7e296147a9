"""What this app stores about a member: its place in the copy, and its fate after an erasure."""

from collections.abc import Iterator
from uuid import UUID

from beyou.console import filters
from beyou.core import personal
from beyou.core.personal import File, declare, json_list

FILTERS = "staff-filters.json"

declare("console.SavedFilter", "owner", what="Filters that you keep on the staff pages", copied=FILTERS)


@personal.part("staff-filters")
def saved_filters(member_id: UUID) -> Iterator[File]:
    """What the member keeps as one of the staff; no file for everybody else."""
    kept = filters.every_filter(member_id)
    if kept:
        yield json_list(
            FILTERS,
            (
                {"list": each.list_name, "name": each.name, "wanted": each.wanted, "at": each.created_at}
                for each in kept
            ),
        )

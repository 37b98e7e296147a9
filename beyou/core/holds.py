"""Cases that one of the staff keeps from the others for a while. Pure."""

import datetime as dt
from uuid import UUID


def is_held_by(
    held_by: UUID | None, held_until: dt.datetime | None, staff_id: UUID, now: dt.datetime
) -> bool:
    """Whether this one of the staff holds the case at the moment."""
    return held_by == staff_id and held_until is not None and now < held_until

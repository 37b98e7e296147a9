"""What returns by itself: the sweep of the storage."""

import datetime as dt

import structlog

from beyou.core.schedule import every
from beyou.media.services import sweep_orphans

log = structlog.get_logger()


@every(dt.timedelta(days=1))
def sweep_daily() -> None:
    found = sweep_orphans()
    if found.lost:
        log.error("media.lost_files", media_ids=[str(media_id) for media_id in found.lost])

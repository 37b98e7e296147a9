"""Page workers have no sockets: what they publish reaches those of `beyou live` processes through Redis."""

import atexit
import os
import threading

from django.conf import settings

from beyou.core.ports import realtime

_lock = threading.Lock()
_joined_as: int | None = None


def join() -> None:
    """From now on this process's frames go to the others. Once per process; nothing without Redis.

    At the first request and not at the import: a server may load the application before it forks, and
    threads do not live on in children.
    """
    global _joined_as
    if _joined_as == os.getpid() or not settings.REDIS_URL:
        return
    with _lock:
        if _joined_as == os.getpid():
            return
        from beyou.core.realtime.redis import RedisRealtime

        sender = RedisRealtime(settings.REDIS_URL, local=None)
        sender.start()
        realtime.use(sender)
        # What was committed just before a worker ends is still told.
        atexit.register(sender.stop)
        _joined_as = os.getpid()

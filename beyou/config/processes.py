"""What runs beside the requests of a process: the sockets, the writer, and alone also sealer and drain."""

from dataclasses import dataclass, field
from typing import Protocol

from django.conf import settings

from beyou.core import later
from beyou.core.events import DrainThread
from beyou.core.ports import realtime
from beyou.core.realtime.hub import hub
from beyou.core.work import WorkThread
from beyou.ledger.sealer import SealerThread
from beyou.messaging import writer


class Stoppable(Protocol):
    def stop(self) -> None: ...


@dataclass
class Running:
    """What `start` has started, in the order in which it ends: first what makes work for the others."""

    parts: list[Stoppable] = field(default_factory=list)

    def stop(self) -> None:
        for part in self.parts:
            part.stop()
        writer.stop()
        later.stop()
        realtime.use(realtime.NoSockets())
        hub.stop()


def start() -> Running:
    """Everything of this process runs. Call it on the event loop.

    With BEYOU_IN_PROCESS=0 other processes seal the ledger and drain the outbox.
    """
    hub.start()
    running = Running()
    if settings.REDIS_URL:
        from beyou.core.realtime.redis import RedisRealtime

        bridge = RedisRealtime(settings.REDIS_URL, local=hub)
        bridge.start()
        realtime.use(bridge)
        running.parts.append(bridge)
    else:
        realtime.use(hub)
    writer.start()
    if settings.IN_PROCESS:
        for thread in (DrainThread(), WorkThread(), SealerThread()):
            thread.start()
            running.parts.insert(0, thread)
    return running

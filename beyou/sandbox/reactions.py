"""What the bank does by itself."""

from beyou.core import work
from beyou.sandbox.services import notices


@work.worker
def deliver_notices() -> bool:
    return notices.deliver_next()

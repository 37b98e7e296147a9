"""What returns by itself: asking gateways, comparing with them, and checking the books."""

import datetime as dt

from beyou.core import work
from beyou.core.schedule import every
from beyou.payments import services


@work.worker
def ask_gateways() -> bool:
    return services.do_next_task()


@every(dt.timedelta(minutes=1))
def compare_with_gateways() -> None:
    services.compare_with_gateways()


@every(dt.timedelta(hours=1))
def check_books() -> None:
    services.check_books()


@every(dt.timedelta(hours=12))
def forget_old_webhooks() -> None:
    services.forget_old_webhooks()

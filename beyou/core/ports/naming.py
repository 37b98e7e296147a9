"""What the place is called. The app in which owners change it stands above the core and answers here."""

from collections.abc import Callable

from django.conf import settings

_source: Callable[[], str] | None = None


def use(source: Callable[[], str] | None) -> None:
    """Makes the source the one that is asked; what it leaves empty the environment says."""
    global _source
    _source = source


def instance_name() -> str:
    return (_source() if _source is not None else "") or settings.INSTANCE_NAME

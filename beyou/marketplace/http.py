"""The gate on looking at the market: all members, or verified ones, as owners decide."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest

from beyou.core.ports import options
from beyou.users.http import MemberRequest
from beyou.verification.queries import check_verified

View = TypeVar("View", bound=Callable[..., Any])


def browsing_member(view: View) -> View:
    """Only for who may look at the market (`market_browsing`). Stands below whatever signs
    the member in.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: Any, **kwargs: Any) -> Any:
        if options.word("market_browsing") == "verified":
            check_verified(cast(MemberRequest, request).member.pk)
        return view(request, *args, **kwargs)

    return cast(View, wrapped)

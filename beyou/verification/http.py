"""The gate on pages and in the API. Frames call the same policy, `queries.check_verified`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest

from beyou.users.http import MemberRequest
from beyou.verification.queries import check_verified

View = TypeVar("View", bound=Callable[..., Any])


def verified_required(view: View) -> View:
    """Only for verified members: others get `VerificationRequired`, which is a page with a way on, or problem
    JSON. Stands below whatever signs the member in.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: Any, **kwargs: Any) -> Any:
        check_verified(cast(MemberRequest, request).member.pk)
        return view(request, *args, **kwargs)

    # A test lists every gated address by this mark; `wraps` carries it through decorators around it.
    wrapped.is_gated = True  # type: ignore[attr-defined]
    return cast(View, wrapped)

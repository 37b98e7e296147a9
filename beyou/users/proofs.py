"""Showing a second factor for one request: what may change a password asks here, on every path.

What knows passkeys is heavy and seldom needed, so it is loaded where it is.
"""

import json
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest

_MARK = "factor_shown_for"
CODE_LENGTH = 40
_CODES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


def kinds_of(member_id: UUID) -> frozenset[str]:
    """The kinds of factors that the account has: totp, recovery_codes, webauthn. One statement."""
    return frozenset(Authenticator.objects.filter(user_id=member_id).values_list("type", flat=True))


def show_code(request: HttpRequest, member_id: UUID, code: str) -> bool:
    """Whether the code is one of the account's app or an unused recovery code. It is used up then, and the
    request has shown a factor.
    """
    if not 0 < len(code) <= CODE_LENGTH:
        return False
    for row in Authenticator.objects.filter(user_id=member_id, type__in=_CODES).order_by("-type"):
        if row.wrap().validate_code(code):
            return _mark(request, member_id, row)
    return False


def show_passkey(request: HttpRequest, member: Any, response: str) -> bool:
    """Whether the response of the browser answers the question that the session was asked for the account."""
    from allauth.mfa.webauthn.internal import auth as webauthn

    try:
        value = json.loads(response)
        if not isinstance(value, dict):
            return False
        row = webauthn.complete_authentication(member, webauthn.parse_authentication_response(value))
    # The library reads what a stranger sent: a wrong type anywhere surfaces as one of these.
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return _mark(request, member.pk, row)


def ask_passkey(member: Any) -> dict[str, Any]:
    """The question for the browser; the session remembers it."""
    from allauth.mfa.webauthn.internal import auth as webauthn

    return webauthn.begin_authentication(member)  # type: ignore[no-any-return]


def has_shown(request: HttpRequest | None, member_id: UUID) -> bool:
    """Whether this very request has shown a factor of the account."""
    return getattr(request, _MARK, None) == member_id


def code_of(request: HttpRequest | None) -> str:
    """The code that an app sends beside the fields of allauth's JSON; empty without one."""
    if request is None or request.content_type != "application/json":
        return ""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    code = value.get("code") if isinstance(value, dict) else None
    return code if isinstance(code, str) else ""


def _mark(request: HttpRequest, member_id: UUID, row: Authenticator) -> bool:
    row.record_usage()
    setattr(request, _MARK, member_id)
    return True

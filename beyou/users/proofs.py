"""Showing a second factor for one request: what may change a password asks here, on every path."""

import json
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from beyou.users import factors, passkeys
from beyou.users.errors import PasskeyRefused, WrongCode
from beyou.users.http import sign_in_attempt

_MARK = "factor_shown_for"
_PURPOSE = "password"


def kinds_of(member_id: UUID) -> frozenset[str]:
    """The kinds of factors that the account has: totp, webauthn. One statement."""
    return frozenset(Authenticator.objects.filter(user_id=member_id).values_list("type", flat=True))


def show_code(request: HttpRequest, member_id: UUID, code: str) -> bool:
    """Whether the code is one of the account's app or an unused recovery code. It is used up then, and the
    request has shown a factor.
    """
    attempt = sign_in_attempt(request) if hasattr(request, "session") else None
    try:
        factors.prove_code(member_id=member_id, typed=code, attempt=attempt)
    except WrongCode:
        return False
    setattr(request, _MARK, member_id)
    return True


def show_passkey(request: HttpRequest, member: Any, answer: dict[str, Any]) -> bool:
    """Whether the answer of a passkey fits the question that the session was asked for the account."""
    try:
        passkeys.prove(
            session=request.session,
            origin=passkeys.web_origin(request),
            purpose=_PURPOSE,
            member_id=member.pk,
            answer=answer,
        )
    except PasskeyRefused:
        return False
    setattr(request, _MARK, member.pk)
    return True


def ask_passkey(request: HttpRequest, member: Any) -> dict[str, Any]:
    """The question for the browser; the session remembers it."""
    return passkeys.begin(
        session=request.session,
        origin=passkeys.web_origin(request),
        purpose=_PURPOSE,
        member_id=member.pk,
    )


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

"""Personal access tokens: making, using and revoking them."""

import datetime as dt
import secrets
from collections.abc import Collection
from functools import partial
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.core.events import publish
from beyou.core.ports import realtime
from beyou.core.ports.tokens import Bearer
from beyou.users import queries
from beyou.users.errors import AccountClosed, TokenMadeBefore, TooManyTokens
from beyou.users.events import AccessTokenCreated, AccessTokenRevoked
from beyou.users.models import AccessToken
from beyou.users.rules import SecurityKind
from beyou.users.scopes import (
    BASE62,
    PREFIX_LENGTH,
    PREFIX_LETTERS,
    SECRET_LENGTH,
    Scope,
    joined,
    token_digest,
    token_text,
)
from beyou.users.services import SignInAttempt, hold_member, note_security

MAX_DAYS: Final = 365
#: How many usable tokens a member may have at a time.
MAX_TOKENS: Final = 50
#: The use of a token is written down at most this often.
USE_EVERY: Final = dt.timedelta(minutes=1)
TOKEN_REVOKED: Final = 4409


@transaction.atomic
def create_token(
    *,
    member_id: UUID,
    token_id: UUID,
    name: str,
    scopes: Collection[Scope],
    days: int,
    attempt: SignInAttempt | None = None,
) -> tuple[AccessToken, str]:
    """The new token and its text, which nobody can ask for again. The caller has chosen `token_id`, so that
    a form that is sent twice makes one token. Raises `TokenMadeBefore`, `TooManyTokens`, and `AccountClosed`
    for whoever left or was closed meanwhile: that token would come to life when the account does.
    """
    if not scopes or not 1 <= days <= MAX_DAYS:
        raise ValueError("a token needs a scope and an end within a year")
    hold_member(member_id)
    if not queries.is_present(member_id):
        raise AccountClosed("It makes no tokens. Nothing was changed.")
    if queries.usable_tokens(member_id).count() >= MAX_TOKENS:
        raise TooManyTokens(f"You have {MAX_TOKENS} tokens. Revoke one that you no longer need.")
    prefix = "".join(secrets.choice(PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
    text = token_text(prefix, "".join(secrets.choice(BASE62) for _ in range(SECRET_LENGTH)))
    moment = clock.now()
    token = AccessToken(
        id=token_id,
        member_id=member_id,
        name=name,
        prefix=prefix,
        digest=token_digest(text) or "",
        scopes=joined(scopes),
        created_at=moment,
        expires_at=moment + dt.timedelta(days=days),
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
    except IntegrityError:
        raise TokenMadeBefore from None
    note_security(member_id=member_id, kind=SecurityKind.TOKEN_MADE, attempt=attempt, subject=name)
    publish(AccessTokenCreated(member_id=member_id, token_id=token.id))
    return token, text


@transaction.atomic
def revoke_token(*, member_id: UUID, token_id: UUID, attempt: SignInAttempt | None = None) -> None:
    """The token opens nothing from now on, and its sockets end. A repeat changes nothing. Raises `NotFound`
    for a token that is not the member's.
    """
    token = queries.token_of(member_id, token_id)
    if token is None:
        raise NotFound
    if _revoke(AccessToken.objects.filter(id=token_id), member_id):
        note_security(
            member_id=member_id, kind=SecurityKind.TOKEN_REVOKED, attempt=attempt, subject=token.name
        )


@transaction.atomic
def revoke_all_tokens(*, member_id: UUID) -> int:
    """No token of the member opens anything from now on, whatever becomes of the account; returns how many
    did. The member reads it in the security log.
    """
    ended = _revoke(queries.usable_tokens(member_id), member_id)
    if ended:
        note_security(member_id=member_id, kind=SecurityKind.TOKENS_ENDED, subject=str(ended))
    return ended


def _revoke(tokens: "queries.Tokens", member_id: UUID) -> int:
    ids = [
        token_id
        for token_id in tokens.values_list("id", flat=True)
        if AccessToken.objects.filter(id=token_id, revoked_at=None).update(revoked_at=clock.now())
    ]
    publish(*(AccessTokenRevoked(member_id=member_id, token_id=token_id) for token_id in ids))
    if ids:
        rooms = [token_room(token_id) for token_id in ids]
        transaction.on_commit(partial(realtime.close, rooms, TOKEN_REVOKED))
    return len(ids)


def note_use(token: AccessToken) -> None:
    """The owner sees that the token was used, to the minute."""
    moment = clock.now()
    if token.last_used_at is None or moment - token.last_used_at >= USE_EVERY:
        AccessToken.objects.filter(
            Q(last_used_at=None) | Q(last_used_at__lte=moment - USE_EVERY), id=token.id
        ).update(last_used_at=moment)


def token_room(token_id: UUID) -> str:
    """The room of the sockets that a token opened."""
    return f"token:{token_id}"


def bearer_of(text: str) -> Bearer | None:
    """Whom a token speaks for on a socket; the look counts as a use."""
    token = queries.access_token(text)
    if token is None:
        return None
    note_use(token)
    return Bearer(token.member_id, token_room(token.pk), Scope.CHAT in token.scopes.split())

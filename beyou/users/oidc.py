"""A client of OpenID Connect (Core 1.0, code flow with PKCE): who a provider says somebody is, or nothing.

allauth's own client proves less than is asked here: it sends no nonce, does not check the signature of what
came from the token endpoint, and knows an identity by the name that the settings give the provider. Only the
proof of the identity is ours; what follows it, such as the second step, is allauth's flow as everywhere.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

import structlog
from django.conf import settings
from django.core.cache import cache

from beyou.core import clock
from beyou.core.errors import NotFound
from beyou.users.errors import ProviderFailed
from beyou.users.oidc_settings import OidcProvider, is_safe_address

log = structlog.get_logger()

Session = MutableMapping[str, Any]

STATES: Final = "users.oidc"
#: How long somebody may take at the provider, and how many tabs may be there at a time.
GOOD_FOR_MS: Final = 10 * 60 * 1000
MAX_STATES: Final = 5
#: Only signatures with a private key that the provider alone has: never `none`, never a shared secret.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
CLOCK_SKEW: Final = 60
_TIMEOUT: Final = (5, 5)
_LONGEST: Final = 512 * 1024
_LONGEST_SECONDS: Final = 10
_CACHED: Final = 3600


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of somebody. Only issuer and subject together are an identity."""

    provider: OidcProvider
    subject: str
    email: str
    is_email_verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class Begun:
    """What was asked of the provider, and for whom."""

    process: str
    next: str
    member: str
    nonce: str
    verifier: str


def provider_of(provider_id: str) -> OidcProvider:
    """Raises `NotFound`."""
    for provider in settings.OIDC_PROVIDERS:
        if provider.id == provider_id:
            return provider
    raise NotFound


def callback(provider: OidcProvider, origin: str) -> str:
    """Where this provider sends people back to. Each has its own, so that answers cannot be mixed up."""
    return f"{origin}/sign-in/with/{provider.id}/back"


def begin(
    session: Session, provider: OidcProvider, *, origin: str, process: str, next_path: str, member: str = ""
) -> str:
    """The address at the provider to go to; the session remembers what was asked. Raises `ProviderFailed`."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    target = _configuration(provider)["authorization_endpoint"]
    waiting = _waiting(session)
    while len(waiting) >= MAX_STATES:
        del waiting[next(iter(waiting))]
    waiting[state] = {
        "provider": provider.id,
        "at": clock.now_ms(),
        "begun": [process, next_path, member, nonce, verifier],
    }
    session[STATES] = waiting
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback(provider, origin),
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{target}{'&' if '?' in target else '?'}{urlencode(asked)}"


def _waiting(session: Session) -> dict[str, Any]:
    since = clock.now_ms() - GOOD_FOR_MS
    return {state: row for state, row in session.get(STATES, {}).items() if row["at"] > since}


def take(session: Session, provider: OidcProvider, state: str) -> Begun | None:
    """What was begun under this state with this provider, once; None when nothing was."""
    waiting = _waiting(session)
    row = waiting.get(state)
    if row is None or row["provider"] != provider.id:
        return None
    del waiting[state]
    session[STATES] = waiting
    return Begun(*row["begun"])


def finish(provider: OidcProvider, begun: Begun, answer: Mapping[str, str], *, origin: str) -> Claims:
    """Who the provider says it is. Raises `ProviderFailed`, also when the answer is another provider's."""
    configuration = _configuration(provider)
    _check_issuer_of_answer(provider, configuration, answer.get("iss"))
    fields = {
        "grant_type": "authorization_code",
        "code": answer.get("code", ""),
        "redirect_uri": callback(provider, origin),
        "code_verifier": begun.verifier,
    }
    tokens = _exchange(provider, configuration, fields)
    claims = _verify(provider, configuration, tokens.get("id_token"))
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), begun.nonce.encode()):
        raise _failed(provider, "nonce")
    return _claims(provider, claims, _user_info(provider, configuration, tokens, claims))


def _check_issuer_of_answer(
    provider: OidcProvider, configuration: Mapping[str, Any], said: str | None
) -> None:
    """RFC 9207: an answer of another provider is seen before its code is sent anywhere."""
    must_say = configuration.get("authorization_response_iss_parameter_supported") is True
    if (said is not None or must_say) and said != provider.issuer:
        raise _failed(provider, "iss")


def _exchange(
    provider: OidcProvider, configuration: Mapping[str, Any], fields: dict[str, str]
) -> dict[str, Any]:
    methods = configuration.get("token_endpoint_auth_methods_supported")
    auth = None
    if not provider.client_secret:
        fields["client_id"] = provider.client_id
    elif isinstance(methods, list) and "client_secret_basic" not in methods:
        fields |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
    else:
        # RFC 6749 §2.3.1 encodes both before they are joined by a colon.
        auth = (quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))
    return _ask(provider, "POST", configuration["token_endpoint"], data=fields, auth=auth)


def _verify(provider: OidcProvider, configuration: Mapping[str, Any], token: Any) -> dict[str, Any]:
    """The claims of an ID token, checked as OpenID Connect Core §3.1.3.7 asks."""
    import jwt

    if not isinstance(token, str):
        raise _failed(provider, "no id_token")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS or "crit" in header:
            raise _failed(provider, "algorithm")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(provider, configuration, header),
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=CLOCK_SKEW,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "strict_aud": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _failed(provider, type(error).__name__) from None
    audience = claims["aud"]
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise _failed(provider, "azp")
    if isinstance(audience, list) and len(audience) > 1 and "azp" not in claims:
        raise _failed(provider, "audience")
    return claims


def _key(provider: OidcProvider, configuration: Mapping[str, Any], header: Mapping[str, Any]) -> Any:
    """The provider's key for this header. Keys are fetched again, at most once a minute, for an unknown name:
    providers change theirs.
    """
    import jwt

    address = configuration["jwks_uri"]
    for is_fresh in (False, True):
        if is_fresh and not cache.add(f"oidc-keys-again:{provider.id}", 1, 60):
            break
        document = _document(provider, address, fresh=is_fresh)
        fitting = [
            key
            for key in jwt.PyJWKSet.from_dict(document).keys
            if key.public_key_use in (None, "sig") and key.algorithm_name in ALGORITHMS and _fits(key, header)
        ]
        if len(fitting) == 1:
            return fitting[0].key
    raise _failed(provider, "key")


def _fits(key: Any, header: Mapping[str, Any]) -> bool:
    """Whether the key may have signed: by its name, or by its kind where the token names none."""
    families = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}
    by_kind = header["alg"].startswith(families.get(key.key_type, ()))
    return by_kind and ("kid" not in header or key.key_id == header["kid"])


def _user_info(
    provider: OidcProvider,
    configuration: Mapping[str, Any],
    tokens: Mapping[str, Any],
    claims: Mapping[str, Any],
) -> Mapping[str, Any]:
    """What the ID token says, or the user info when that says more and is about the same subject."""
    address, access = configuration.get("userinfo_endpoint"), tokens.get("access_token")
    if "email" in claims or not address or not isinstance(access, str):
        return claims
    found = _ask(provider, "GET", address, headers={"Authorization": f"Bearer {access}"})
    if found.get("sub") != claims["sub"]:
        raise _failed(provider, "userinfo of another subject")
    return found


def _claims(provider: OidcProvider, claims: Mapping[str, Any], info: Mapping[str, Any]) -> Claims:
    subject, email, name = claims["sub"], info.get("email"), info.get("name")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise _failed(provider, "subject")
    # An address with a control character is nobody's; PostgreSQL does not even search for one with a NUL.
    address = email.strip().lower()[:254] if isinstance(email, str) and email.isprintable() else ""
    return Claims(
        provider=provider,
        subject=subject,
        email=address,
        # Some write "true"; whatever is not plainly true counts for nothing.
        is_email_verified=bool(address) and info.get("email_verified") is True,
        name=" ".join(name.split())[:60] if isinstance(name, str) and name.isprintable() else "",
    )


def _configuration(provider: OidcProvider) -> dict[str, Any]:
    """The provider's own description (OpenID Connect Discovery 1.0), for an hour."""
    found = _document(provider, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise _failed(provider, "issuer of the configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    given = [found.get(name) for name in needed] + [found.get("userinfo_endpoint", provider.issuer)]
    if not all(is_safe_address(address, production=settings.PRODUCTION) for address in given):
        raise _failed(provider, "address")
    return found


def _document(provider: OidcProvider, address: str, *, fresh: bool = False) -> dict[str, Any]:
    name = "oidc:" + sha256(address.encode()).hexdigest()
    found: dict[str, Any] | None = None if fresh else cache.get(name)
    if found is None:
        found = _ask(provider, "GET", address)
        cache.set(name, found, _CACHED)
    return found


def _ask(provider: OidcProvider, method: str, address: str, **options: Any) -> dict[str, Any]:
    """The JSON object that the provider answers: bounded in time and size, and no redirects, since only the
    addresses of its own description count. Raises `ProviderFailed`.
    """
    # Few instances have a provider; this library takes memory and time to load.
    import requests

    body, until = b"", time.monotonic() + _LONGEST_SECONDS
    try:
        with requests.request(
            method, address, timeout=_TIMEOUT, allow_redirects=False, stream=True, **options
        ) as answer:
            for piece in answer.iter_content(16 * 1024):
                body += piece
                if len(body) > _LONGEST or time.monotonic() > until:
                    raise _failed(provider, "too long")
            if answer.status_code != 200:
                raise _failed(provider, f"status {answer.status_code}")
        value = json.loads(body)
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise _failed(provider, type(error).__name__) from None
    if not isinstance(value, dict):
        raise _failed(provider, "no object")
    return value


def _failed(provider: OidcProvider, reason: str) -> ProviderFailed:
    """The log says why; the visitor, who may be anyone, only that it failed."""
    log.warning("oidc.failed", provider=provider.id, reason=reason)
    return ProviderFailed(f"{provider.name} did not confirm who you are. Try again, or sign in another way.")

"""The keys API: parse, one service or query, answer."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from beyou.core.http import json_response
from beyou.keys import queries, services
from beyou.keys.errors import NoKeys
from beyou.keys.schemas import (
    ChallengeIn,
    PublishIn,
    RecoveryIn,
    challenge_out,
    key_set_out,
    own_keys_out,
    published_out,
)
from beyou.users.http import member_id_of, require_recent_proof

router = Router(tags=["keys"])


@router.post("/keys/challenge")
def start_challenge(request: HttpRequest, body: ChallengeIn) -> HttpResponse:
    """What to sign and what to decrypt, to prove that the browser holds both private keys."""
    challenge = services.start_challenge(
        member_id=member_id_of(request),
        encrypt_spki=body.encrypt_spki,
        sign_spki=body.sign_spki,
        key_set=body.key_set,
        device=body.device,
    )
    return json_response(challenge_out(challenge))


@router.post("/keys")
def publish(request: HttpRequest, body: PublishIn) -> HttpResponse:
    """The answers to a challenge; afterwards its keys are in use. To replace keys needs a fresh proof."""
    if body.replace:
        require_recent_proof(request)
    published = services.publish(
        member_id=member_id_of(request),
        challenge_id=body.challenge,
        signature=body.signature,
        decrypted=body.decrypted,
        label=body.label,
        replace=body.replace,
    )
    return json_response(published_out(published), 201)


@router.get("/keys/mine")
def mine(request: HttpRequest) -> HttpResponse:
    """The member's keys in use and the browsers that hold them; 404 `no_keys` without any."""
    own = queries.own_keys(member_id_of(request))
    if own is None:
        raise NoKeys
    return json_response(own_keys_out(own))


@router.get("/keys/retired")
def retired(request: HttpRequest) -> HttpResponse:
    """The member's replaced keys, the oldest first: what they signed can still be checked."""
    items = [key_set_out(keys) for keys in queries.retired_key_sets([member_id_of(request)])]
    return json_response({"items": items, "next": None})


@router.post("/keys/recovery")
def recovery(request: HttpRequest, body: RecoveryIn) -> HttpResponse:
    """The recovery file was proven, or the question for it is put off."""
    if body.remind_in_days is None:
        services.record_recovery_tested(member_id=member_id_of(request))
    else:
        services.postpone_recovery(member_id=member_id_of(request), days=body.remind_in_days)
    return HttpResponse(status=204)


@router.delete("/keys/devices/{uuid:device_id}")
def revoke_device(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """What this browser signs is refused from now on. Needs a fresh proof."""
    require_recent_proof(request)
    services.revoke_device(member_id=member_id_of(request), device_id=device_id)
    return HttpResponse(status=204)

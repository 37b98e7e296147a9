"""The page of keys. What only the browser knows, its own elements add."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core.toasts import toast
from beyou.keys import queries, rules, services
from beyou.users.http import MemberRequest, member_required, recently_authenticated


@dataclass(frozen=True, slots=True)
class Generation:
    """One key set in the member's history, as the page shows it."""

    key: queries.KeyGeneration
    fingerprint: str


@require_safe
@member_required
def keys(request: MemberRequest) -> HttpResponse:
    """The browsers with the member's keys, and every key set that was ever in use."""
    history = [
        Generation(made, rules.fingerprint(made.encrypt_key_id, made.sign_key_id))
        for made in queries.key_history(request.member.pk)
    ]
    return render(request, "keys/keys.html", {"own": queries.own_keys(request.member.pk), "history": history})


@require_POST
@recently_authenticated
def revoke_device(request: MemberRequest, device_id: UUID) -> HttpResponse:
    services.revoke_device(member_id=request.member.pk, device_id=device_id)
    toast(request, "Removed. What that browser signs is refused from now on.")
    return redirect("keys:keys")

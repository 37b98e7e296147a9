"""`/admin/`: where people with bad intentions look first. There is nothing, and whoever looks is noticed."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from beyou.core import limits
from beyou.core.errors import RateLimited, StoreAway
from beyou.core.http import client_ip
from beyou.users import services
from beyou.users.http import sign_in_attempt
from beyou.users.models import LoginOutcome

#: A visit costs the address so many attempts to sign in, for browsers that no account knows.
COST = 20


@csrf_exempt
def decoy(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The same answer to everything. The visit is recorded, at most ten times an hour for an address, so
    that nobody fills the log. Without a token against forgery, since it changes nothing of any member.
    """
    address = limits.network(client_ip(request))
    with suppress(RateLimited, StoreAway):
        limits.check("decoy.address", address)
        member = getattr(request, "member", None)
        services.record_sign_in(
            attempt=sign_in_attempt(request),
            outcome=LoginOutcome.DECOY,
            member_id=member.pk if member is not None else None,
        )
        for _ in range(COST):
            limits.check("sign_in.address", address)
    return render(request, "users/decoy.html", status=403)


app_name = "decoy"
urlpatterns = [
    path("admin/", decoy, name="decoy"),
    path("admin/<path:rest>", decoy, name="decoy-below"),
]

"""Whether this process can answer requests, for load balancers."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from beyou.health import checks
from beyou.health.rules import NEEDED_TO_SERVE, State


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Says 503 when something without which no request can be answered is not well. Anybody may ask, so it
    gives states and no details.
    """
    found = checks.look(NEEDED_TO_SERVE)
    is_ready = all(check.state is not State.CRITICAL for check in found)
    states = {check.name: "ok" if check.state is not State.CRITICAL else "failed" for check in found}
    return JsonResponse(states, status=200 if is_ready else 503, headers={"Cache-Control": "no-store"})

"""To the gateway's page and back, and what gateways tell us."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import ApplicationError
from beyou.core.http import problem_response
from beyou.payments import queries, services
from beyou.users.http import MemberRequest, member_required


@require_safe
@member_required
def go(request: MemberRequest, payment_id: UUID) -> HttpResponse:
    """Leads to the gateway's page by itself and by a link: a redirect after a form may not leave the site."""
    payment = queries.payment_for(request.member.pk, payment_id)
    if not queries.can_be_paid(payment):
        return redirect(payment.return_path)
    return render(request, "payments/go.html", {"payment": payment})


@require_safe
@member_required
def back(request: MemberRequest, payment_id: UUID) -> HttpResponse:
    """The buyer comes back: what became of the payment is looked up, so that no notice is waited for."""
    payment = queries.payment_for(request.member.pk, payment_id)
    services.look_again(payment_id=payment.pk)
    return redirect(payment.return_path)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str) -> HttpResponse:
    """For gateways: the signature says who asks, so cookies count for nothing."""
    try:
        services.receive_webhook(gateway=gateway, body=request.body, headers=request.headers)
    except ApplicationError as error:
        return problem_response(error)
    return HttpResponse(status=204)

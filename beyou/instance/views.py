"""What everybody may read about the place."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from beyou.instance.queries import current
from beyou.instance.rules import paragraphs


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """What the owners ask of everybody here."""
    return render(request, "instance/rules.html", {"paragraphs": paragraphs(current().rules)})

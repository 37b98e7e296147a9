"""The staff page of the audit, and its file."""

from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from beyou.console import audit_queries as queries
from beyou.console import filters as kept
from beyou.console import services
from beyou.console.audit_forms import AuditForm
from beyou.core.errors import InvalidInput
from beyou.core.http import client_ip
from beyou.core.tables import csv_lines
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


@require_safe
@staff_required(Level.AUDITOR)
def audit(request: MemberRequest) -> HttpResponse:
    """What staff did and looked at. Nothing on it can be changed."""
    form = AuditForm(request.GET)
    search = queries.search_of(form.cleaned_data) if form.is_valid() else None
    page = queries.audit_page(search, before=form.cleaned_data.get("before"))
    context: dict[str, Any] = {"form": form, "page": page, "filters": form.carried(), "next_url": ""}
    if page.next:
        context["next_url"] = "?" + urlencode(form.carried() | {"before": str(page.next)})
    status = 200 if form.is_valid() else 422
    if request.headers.get("HX-Request"):
        return render(request, "console/_audit_lines.html", context, status=status)
    context["standing"] = queries.standing()
    context["shelf"] = kept.shelf_for(request.member.pk, "audit", form.carried())
    return render(request, "console/audit.html", context, status=status)


@require_POST
@staff_required(Level.AUDITOR)
def audit_file(request: MemberRequest) -> HttpResponse:
    """The acts that are looked for, for spreadsheets. That somebody took them is an act of its own."""
    form = AuditForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose again on the page of the audit what you want to download.")
    search = queries.search_of(form.cleaned_data)
    behind = services.export_audit(
        actor_id=request.member.pk, filters=form.carried(), address=client_ip(request)
    )
    stream = StreamingHttpResponse(
        csv_lines(queries.FILE_HEAD, queries.file_rows(search, before=behind)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="beyou-audit.csv"'},
    )
    return cast(HttpResponse, stream)

"""The staff pages of what was counted."""

from typing import cast

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from beyou.analytics import queries
from beyou.analytics.http import asked_period
from beyou.analytics.rules import RANGES, SECTION_OF, SECTIONS, Section
from beyou.core.errors import NotFound
from beyou.core.tables import csv_lines
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level


def _section(slug: str) -> Section:
    if slug not in SECTION_OF:
        raise NotFound
    return SECTION_OF[slug]


@require_safe
@staff_required(Level.AUDITOR)
def figures(request: MemberRequest, slug: str = SECTIONS[0].slug) -> HttpResponse:
    """One section in a period, beside as many days before it."""
    section, period = _section(slug), asked_period(request)
    head, lines = queries.daily_file(section, period)
    context = {
        "section": section,
        "sections": SECTIONS,
        "found": queries.overview(section, period),
        "ranges": RANGES,
        "weeks": range(12),
        "daily_head": head,
        "daily_lines": lines[::-1],
    }
    return render(request, "console/figures.html", context)


@require_safe
@staff_required(Level.AUDITOR)
def figures_file(request: MemberRequest, slug: str) -> HttpResponse:
    """What was counted on each day, for spreadsheets."""
    section, period = _section(slug), asked_period(request)
    head, lines = queries.daily_file(section, period)
    stream = StreamingHttpResponse(
        csv_lines(head, lines),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="beyou-{slug}-{period.first}-{period.last}.csv"'
        },
    )
    return cast(HttpResponse, stream)

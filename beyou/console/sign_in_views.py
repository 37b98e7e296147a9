"""The staff pages of the sign-in log. Addresses are private data: each look is written down."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from beyou.audit.services import record
from beyou.console.member_views import moderator
from beyou.console.sign_in_forms import LogForm
from beyou.core import clock
from beyou.core.errors import InvalidInput
from beyou.core.http import client_ip
from beyou.core.tables import csv_lines
from beyou.users import queries as users
from beyou.users import sign_in_log
from beyou.users.http import MemberRequest
from beyou.users.sign_in_log import Wanted

HEAD = (
    "Time",
    "Member",
    "Outcome",
    "Method",
    "Path",
    "Address",
    "Country",
    "Device",
    "Known device",
    "Agent",
)


def _asked(request: MemberRequest) -> tuple[LogForm, Wanted | None]:
    """The form, and what it narrows the log to; None for a member who does not exist."""
    form = LogForm(request.GET)
    if not form.is_valid():
        raise InvalidInput(str(next(iter(form.errors.values()))[0]))
    said = form.cleaned_data
    member_id = users.member_id_of_handle(said["handle"]) if said["handle"] else None
    if said["handle"] and member_id is None:
        return form, None
    return form, Wanted(
        since=clock.now() - dt.timedelta(days=int(said["days"] or LogForm.DAYS)),
        member_id=member_id,
        place=sign_in_log.place_of(said["place"]),
        outcome=said["outcome"],
        method=said["method"],
        path=said["path"],
    )


@require_safe
@moderator
def sign_ins(request: MemberRequest) -> HttpResponse:
    """Attempts and what they have in common; as a part of the page the newest, or those that follow."""
    form, wanted = _asked(request)
    before = form.cleaned_data["before"]
    part = bool(request.headers.get("HX-Request"))
    if not part:
        _note(request, "sign_ins.viewed", form)
    page = sign_in_log.log_page(wanted, before=before) if wanted else sign_in_log.LogPage([], None)
    query = urlencode(form.carried())
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "query": query,
        "is_live": form.cleaned_data["live"],
        "next_url": "?" + urlencode(form.carried() | {"before": str(page.next)}) if page.next else "",
    }
    if part:
        return render(request, "console/_sign_in_lines.html", context)
    context["totals"] = sign_in_log.totals(wanted) if wanted else None
    return render(request, "console/sign_ins.html", context)


@require_safe
@moderator
def sign_ins_file(request: MemberRequest) -> HttpResponse:
    """The same for spreadsheets; that it was taken is written down."""
    form, wanted = _asked(request)
    _note(request, "sign_ins.exported", form)
    rows = sign_in_log.all_lines(wanted) if wanted else iter(())
    stream = StreamingHttpResponse(
        csv_lines(HEAD, _cells(rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="beyou-sign-ins.csv"'},
    )
    return cast(HttpResponse, stream)


def _cells(lines: Iterator[sign_in_log.Line]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        row = line.row
        yield (
            f"{row.created_at:%Y-%m-%d %H:%M:%S}",
            line.member.handle if line.member else "",
            line.outcome,
            line.method,
            row.path,
            row.address or "",
            row.country,
            row.device,
            "yes" if row.is_known_device else "no",
            row.user_agent,
        )


def _note(request: MemberRequest, act: str, form: LogForm) -> None:
    record(act=act, actor_id=request.member.pk, address=client_ip(request), **form.carried())


urlpatterns = [
    path("sign-ins", sign_ins, name="sign-ins"),
    path("sign-ins.csv", sign_ins_file, name="sign-ins-file"),
]

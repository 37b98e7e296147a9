"""The staff pages of sign-ins: the log, its file, and blocked ranges of addresses."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console import services
from beyou.console.member_forms import EndForm
from beyou.console.queries import SignIns, blocked_ranges, sign_ins_shown
from beyou.console.sign_in_forms import METHODS, OUTCOMES, BlockForm, LiftBlockForm, LogForm
from beyou.core.errors import ApplicationError, InvalidInput
from beyou.core.http import client_ip
from beyou.core.tables import csv_lines
from beyou.core.toasts import toast
from beyou.users import address_blocks, sign_in_log
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level

moderator = staff_required(Level.MODERATOR)
_HEAD = (
    *("Time (UTC)", "Outcome", "Method", "Member", "Address", "Country"),
    *("Device", "Known device", "Agent", "Path"),
)


@require_safe
@moderator
def sign_ins(request: MemberRequest) -> HttpResponse:
    """The attempts that fit; only lines when htmx asks for more of them."""
    form = LogForm(request.GET)
    if not form.is_valid():
        return render(request, "console/sign_ins.html", {"form": form}, status=422)
    wanted, before = form.wanted(), form.cleaned_data["before"]
    if not request.headers.get("HX-Request"):
        _note_look(request, form)
    elif before:
        lines = SignIns(sign_in_log.log_page(wanted, before=before))
        return render(request, "console/_sign_in_lines.html", _context(form, lines))
    return render(request, "console/sign_ins.html", _context(form, sign_ins_shown(wanted, before)))


def _context(form: LogForm, found: SignIns) -> dict[str, Any]:
    following = found.page.next
    return {
        "form": form,
        "found": found,
        "page": found.page,
        "is_live": form.cleaned_data["live"],
        "query": form.query(),
        "live_query": form.query(live="on"),
        "next_url": f"?{form.query(before=following)}" if following else "",
        "outcomes": OUTCOMES,
        "has_places": bool(settings.GEO_DATABASE),
        "end_form": EndForm(auto_id=False),
    }


def _note_look(request: MemberRequest, form: LogForm, *, is_file: bool = False) -> None:
    services.note_log_look(
        actor_id=request.member.pk,
        member_id=form.wanted().member_id,
        address=client_ip(request),
        filters=form.query(),
        is_file=is_file,
    )


@require_safe
@moderator
def sign_ins_file(request: MemberRequest) -> HttpResponse:
    """The attempts that fit, for spreadsheets."""
    form = LogForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This is no part of the sign-in log. Filter it on its page, then take the file.")
    _note_look(request, form, is_file=True)
    stream = StreamingHttpResponse(
        csv_lines(_HEAD, map(_cells, sign_in_log.file_rows(form.wanted()))),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="beyou-sign-ins.csv"'},
    )
    return cast(HttpResponse, stream)


def _cells(row: Any) -> list[str]:
    member = row.member.handle if row.member else ""
    known = "yes" if row.is_known_device else "no"
    return [
        *(row.created_at.strftime("%Y-%m-%d %H:%M:%S"), OUTCOMES.get(row.outcome, row.outcome)),
        *(METHODS.get(row.method, row.method), member, row.address or "", row.country),
        *(row.device, known, row.user_agent, row.path),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def blocks(request: MemberRequest) -> HttpResponse:
    """Blocked ranges; a POST blocks one, or shows what that would hit."""
    if request.method != "POST":
        return _blocks(
            request, BlockForm(initial={"network": request.GET.get("network", "")[:50], "days": 1})
        )
    form = BlockForm(request.POST)
    if not form.is_valid():
        return _blocks(request, form)
    try:
        if request.POST.get("do") != "block":
            wanted = address_blocks.wanted_range(form.cleaned_data["network"], client_ip(request))
            return _blocks(request, form, preview=wanted, hit=address_blocks.hit_by(wanted))
        made = address_blocks.block_addresses(
            actor_id=request.member.pk, own_address=client_ip(request), **form.cleaned_data
        )
    except ApplicationError as error:
        form.add_error("network", f"{error.title}. {error.detail}")
        return _blocks(request, form)
    toast(request, f"Nobody signs in from {made.network} until {made.until:%d.%m.%Y, %H:%M} UTC.")
    return redirect("console:address-blocks")


def _blocks(request: MemberRequest, form: BlockForm, **more: Any) -> HttpResponse:
    context = {"form": form, "blocks": blocked_ranges()} | more
    return render(request, "console/address_blocks.html", context, status=422 if form.errors else 200)


@require_POST
@moderator
def lift(request: MemberRequest, block_id: UUID) -> HttpResponse:
    form = LiftBlockForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Say in a few words why: it stands in the audit. Nothing was changed.")
    lifted = address_blocks.lift_block(
        actor_id=request.member.pk,
        block_id=block_id,
        why=form.cleaned_data["why"],
        address=client_ip(request),
    )
    toast(request, f"{lifted.network} is open again.")
    return redirect("console:address-blocks")


urlpatterns = [
    path("sign-ins", sign_ins, name="sign-ins"),
    path("sign-ins.csv", sign_ins_file, name="sign-ins-file"),
    path("sign-ins/blocks", blocks, name="address-blocks"),
    path("sign-ins/blocks/<uuid:block_id>/lift", lift, name="lift-address-block"),
]

"""Pages of chats. Everything here works without JavaScript, except what only a browser can decrypt."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.messaging import bubbles, queries, rules, services, writer
from beyou.messaging.forms import MessageForm, PositionForm, ReadForm, SearchForm
from beyou.messaging.models import Mode
from beyou.users.http import MemberRequest, member_required

RECENT = 5


@require_safe
@member_required
def chats(request: MemberRequest) -> HttpResponse:
    """All chats, the most recent first; `?q=` filters by the other one's name or handle."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("Search for at most 60 characters.")
    search, cursor = form.cleaned_data["q"], form.cleaned_data["cursor"]
    page = queries.conversation_page(request.member.pk, search=search, cursor=cursor)
    following = urlencode({"cursor": page.next, "q": search}) if page.next else ""
    context = {"rows": page.items, "next_query": following, "q": search, "current_id": None}
    part = bool(request.headers.get("HX-Request")) and bool(cursor)
    return render(request, "messaging/_rows.html" if part else "messaging/chats.html", context)


@require_safe
@member_required
def recent(request: MemberRequest) -> HttpResponse:
    """The newest chats as a part of the home page."""
    page = queries.conversation_page(request.member.pk, limit=RECENT)
    return render(request, "messaging/_recent.html", {"rows": page.items})


@require_safe
@member_required
def thread(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation, opened at the first unread message."""
    access = queries.conversation_for(request.member.pk, conversation_id)
    return render(request, "messaging/thread.html", _thread(request, access))


@require_POST
@member_required
def start(request: MemberRequest, handle: str) -> HttpResponse:
    """Opens the chat with a friend, and makes it if it is the first time."""
    other = queries.member_by_handle(request.member.pk, handle)
    if other is None:
        raise NotFound
    started = services.start_conversation(starter_id=request.member.pk, other_id=other.pk)
    return redirect("messaging:thread", started.conversation.id)


@require_POST
@member_required
def read(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Marks a chat as read up to a number, for browsers without JavaScript."""
    form = ReadForm(request.POST)
    access = queries.conversation_for(request.member.pk, conversation_id)
    if not form.is_valid():
        raise InvalidInput("Go back, reload the page and try again.")
    seq = form.cleaned_data["seq"]
    services.mark(
        member_id=request.member.pk, conversation_id=access.conversation.id, delivered=seq, read=seq
    )
    return redirect("messaging:thread", conversation_id)


@require_POST
@member_required
def send(request: MemberRequest, conversation_id: UUID) -> HttpResponse:
    """Sends a text without JavaScript. A refusal comes back with the text still in the field."""
    access = queries.conversation_for(request.member.pk, conversation_id)
    form = MessageForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("The form is incomplete. Go back, reload the page and send again.")
    draft = rules.Draft(
        conversation=conversation_id,
        sender=request.member.pk,
        message=form.cleaned_data["id"],
        content=form.cleaned_data["text"].replace("\r\n", "\n"),
    )
    try:
        writer.send(draft)
    except ApplicationError as error:
        context = _thread(request, access) | {"error": error, "text": draft.content}
        return render(request, "messaging/thread.html", context, status=error.status)
    return redirect("messaging:thread", conversation_id)


def _thread(request: MemberRequest, access: queries.Access) -> dict[str, Any]:
    form = PositionForm(request.GET)
    if not form.is_valid():
        raise InvalidInput("This address names no place in the chat.")
    page = queries.thread_page(access, after=form.cleaned_data["after"], before=form.cleaned_data["before"])
    wraps = queries.wraps_for(request.member.pk, page.messages)
    messages = [bubbles.wire_of(row, access, wraps) for row in page.messages]
    return {
        "access": access,
        "conversation": access.conversation,
        "peer": access.peer,
        "is_end_to_end": queries.next_mode(access) == Mode.END_TO_END,
        "bubbles": bubbles.bubbles(messages, me=request.member.pk, read_seq=access.mine.read_seq),
        "messages_json": bubbles.encode(messages),
        "page": page,
        "rows": queries.conversation_page(request.member.pk).items,
        "current_id": access.conversation.id,
        "new_id": uuid7(),
        "limit": settings.MESSAGE_LIMIT_BYTES,
    }

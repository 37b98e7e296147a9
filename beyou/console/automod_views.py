"""The staff pages of the automatic help: watched words, and what waits for a look."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.automod import queries, rules
from beyou.automod import services as automod
from beyou.console import services
from beyou.console.automod_forms import HeldForm, SendBackForm, WordForm, WordPlaceForm
from beyou.core.errors import ApplicationError, InvalidInput, NotFound
from beyou.core.toasts import toast
from beyou.marketplace.queries.staff import held_item, held_items, latest_texts
from beyou.users import queries as users
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level, may_act_on

moderator = staff_required(Level.MODERATOR)
#: Items that a preview looks through.
LOOKED_THROUGH = 200


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def words(request: MemberRequest) -> HttpResponse:
    """The watched words. A POST adds one, or says what it would have found."""
    if request.method != "POST":
        return _words(request, WordForm())
    form = WordForm(request.POST)
    if form.is_valid() and request.POST.get("do") == "preview":
        return _words(request, form, found=_preview(form))
    if not _saved(form, lambda chosen: automod.add_word(actor_id=request.member.pk, **chosen)):
        return _words(request, form)
    toast(request, "It is watched for from now on.")
    return redirect("console:automatic-help")


def _words(request: MemberRequest, form: WordForm, **more: Any) -> HttpResponse:
    place = WordPlaceForm(request.GET)
    if not place.is_valid():
        raise InvalidInput("This is not a place in the list of words.")
    page = queries.word_page(before=place.cleaned_data["before"])
    people = users.members_by_id(row.added_by_id for row in page.items)
    context = {
        "form": form,
        "rows": [(row, people.get(row.added_by_id)) for row in page.items],
        "next_url": f"?before={page.next}" if page.next else "",
        "looked": LOOKED_THROUGH,
    }
    status = 422 if form.errors else 200
    return render(request, "console/automatic_help.html", context | more, status=status)


def _preview(form: WordForm) -> int:
    """How many of the latest items have the word. Only items: nobody looks through what members wrote to
    each other.
    """
    said = form.chosen()
    places = frozenset({rules.Place.ITEMS})
    matcher = rules.Matcher([rules.Word("", said["pattern"], said["action"], places)])
    return sum(bool(matcher.hits(text)) for text in latest_texts(LOOKED_THROUGH))


def _saved(form: WordForm, save: Callable[[dict[str, Any]], object]) -> bool:
    """Whether it was possible; the form says why not."""
    if not form.is_valid():
        return False
    try:
        save(form.chosen())
    except NotFound:
        raise
    except ApplicationError as error:
        form.add_error("pattern", f"{error.title}. {error.detail}")
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@moderator
def word(request: MemberRequest, word_id: UUID) -> HttpResponse:
    """One watched word. A POST changes it, or says what it would have found."""
    row = queries.watched_word(word_id)
    if request.method != "POST":
        return _word(request, word_id, WordForm(initial=_values(row)))
    form = WordForm(request.POST)
    if form.is_valid() and request.POST.get("do") == "preview":
        return _word(request, word_id, form, found=_preview(form))

    def save(chosen: dict[str, Any]) -> None:
        seen = form.cleaned_data["version"] or 0
        automod.change_word(actor_id=request.member.pk, word_id=word_id, seen_version=seen, **chosen)

    if not _saved(form, save):
        return _word(request, word_id, form)
    toast(request, "Changed. It holds for texts from now on.")
    return redirect("console:automatic-help")


def _values(row: Any) -> dict[str, Any]:
    places = [place.value for place in row.places]
    return {"pattern": row.pattern, "action": row.action, "places": places, "note": row.note} | {
        "version": row.version
    }


def _word(request: MemberRequest, word_id: UUID, form: WordForm, **more: Any) -> HttpResponse:
    context = {"form": form, "word_id": word_id, "looked": LOOKED_THROUGH}
    status = 422 if form.errors else 200
    return render(request, "console/watched_word.html", context | more, status=status)


@require_POST
@moderator
def remove(request: MemberRequest, word_id: UUID) -> HttpResponse:
    automod.remove_word(actor_id=request.member.pk, word_id=word_id)
    toast(request, "Nobody watches for it any more. What was stored stays as it is.")
    return redirect("console:automatic-help")


@require_safe
@moderator
def held(request: MemberRequest) -> HttpResponse:
    """What waits for a look, the longest waiting first."""
    return render(request, "console/held.html", {"looks": held_items()})


@require_safe
@moderator
def held_one(request: MemberRequest, held_id: UUID) -> HttpResponse:
    return _held(request, held_id, SendBackForm())


def _held(request: MemberRequest, held_id: UUID, form: SendBackForm) -> HttpResponse:
    look, listing = held_item(held_id)
    seller_id = look.item.seller_id
    context = {
        "look": look,
        "item": look.item,
        "listing": listing,
        "is_below": may_act_on(request.member.pk, request.levels, seller_id, users.levels_of(seller_id)),
        "form": form,
    }
    return render(request, "console/held_item.html", context, status=422 if form.errors else 200)


@require_POST
@moderator
def let_through(request: MemberRequest, held_id: UUID) -> HttpResponse:
    form = HeldForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Load the page again: it does not say what you have read.")
    services.let_item_through(
        actor_id=request.member.pk, item_id=held_id, seen_version=form.cleaned_data["version"]
    )
    toast(request, "It is on the market. Its seller is told.")
    return redirect("console:held")


@require_POST
@moderator
def send_back(request: MemberRequest, held_id: UUID) -> HttpResponse:
    form = SendBackForm(request.POST)
    if not form.is_valid():
        return _held(request, held_id, form)
    services.send_item_back(actor_id=request.member.pk, item_id=held_id, reason=form.cleaned_data["reason"])
    toast(request, "It stays a draft. Its seller reads why.")
    return redirect("console:held")


urlpatterns = [
    path("automatic-help", words, name="automatic-help"),
    path("automatic-help/words/<uuid:word_id>", word, name="watched-word"),
    path("automatic-help/words/<uuid:word_id>/remove", remove, name="watched-word-remove"),
    path("automatic-help/held", held, name="held"),
    path("automatic-help/held/<uuid:held_id>", held_one, name="held-item"),
    path("automatic-help/held/<uuid:held_id>/let-through", let_through, name="held-let-through"),
    path("automatic-help/held/<uuid:held_id>/send-back", send_back, name="held-send-back"),
]

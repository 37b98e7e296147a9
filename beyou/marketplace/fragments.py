"""Parts of the market's pages as HTML, kept under everything that they show.

A key holds the item's version and each of its words, who sells it, whether they are checked and how they
stand, what the clock says of its state, the language and the built icons: a part cannot be older than what
was read for it, so nothing ever has to be thrown away. What nobody asks for any more makes room for the rest.
"""

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from beyou.core.money import short_money
from beyou.core.ports.reputation import Standing
from beyou.core.templatetags.beyou import hue_class, icon, icons
from beyou.marketplace.addresses import address_of
from beyou.marketplace.forms import WantedForm
from beyou.marketplace.queries.browse import Branch
from beyou.marketplace.queries.cards import Card, Facts
from beyou.marketplace.rules import State
from beyou.marketplace.wanted import Wanted

#: What is typed longer is read and drawn anew each time, so that nobody fills the memory.
_KEPT_QUERY: Final = 300
_CHIPS: Final = {State.RESERVED: ("warn", "Reserved"), State.SOLD: ("plain", "Sold")}


def cards(shown: Iterable[Card]) -> SafeString:
    """The items of a grid, as list items."""
    look = (get_language() or "", icons())
    return mark_safe("".join(_card(card.item, card.state, card.is_own, look) for card in shown))  # noqa: S308  (each is escaped)


@lru_cache(maxsize=4096)
def _card(item: Facts, state: State, is_own: bool, look: tuple[str, str]) -> str:  # noqa: FBT001  (a part of the key)
    """Made here, not in a template: two dozen times over, its tags would cost most of the page."""
    picture: str = icon("store")
    if item.small_id is not None:
        address = reverse("market:picture", args=[item.small_id])
        picture = f'<img src="{address}" alt="" loading="lazy" decoding="async">'
    chip, words = _CHIPS.get(state, ("", "Yours" if is_own else ""))
    mark = f'<span class="badge {chip}">{words}</span>' if words else ""
    amount = escape(short_money(item.price_minor, item.currency)) if item.price_minor else ""
    price = f'<b class="item-price">{amount}</b>' if amount else ""
    checked = f'<span class="checked">{icon("badge-check")}Checked seller</span>'
    rated = _rated(item.seller.standing) if item.seller.standing else ""
    region = f"<span>{escape(item.region)}</span>" if item.region else ""
    return (
        f'<li class="item-card" data-item="{item.id}"><a href="{escape(address_of(item.id, item.title))}">'
        f'<span class="item-photo {hue_class(item.id)}">{picture}{mark}</span>'
        f'{price}<span class="item-title">{escape(item.title)}</span></a>'
        f'<small class="item-meta">{checked if item.seller.is_verified else ""}{rated}{region}</small></li>'
    )


def _rated(standing: Standing) -> str:
    """The same as the template `components/standing.html` makes."""
    context = {"standing": standing}
    made: str = render_to_string("components/standing.html", context).strip()
    return made


def asked(query: QueryDict) -> str:
    """The question of an address, written in one way: without the place in the list and what is empty."""
    kept = [(name, text) for name, texts in query.lists() for text in texts if name != "after" and text]
    return urlencode(kept)


def facets(question: str, here: Branch | None) -> tuple[Wanted, SafeString]:
    """What is looked for, and the form that says so."""
    key = (question, here, settings.MARKET_CURRENCY, get_language() or "", icons())
    return _facets(*key) if len(question) <= _KEPT_QUERY else _facets.__wrapped__(*key)


@lru_cache(maxsize=512)
def _facets(
    question: str, here: Branch | None, currency: str, language: str, sprite: str
) -> tuple[Wanted, SafeString]:
    form = WantedForm(QueryDict(question))
    form.is_valid()
    wanted = form.wanted(here.slug if here else "")
    context = {"form": form, "here": here, "wanted": wanted, "currency": currency}
    return wanted, render_to_string("marketplace/_facets.html", context)


@lru_cache(maxsize=256)
def _branches(branches: tuple[Branch, ...], here: Branch | None, language: str) -> SafeString:
    return render_to_string("marketplace/_branches.html", {"branches": branches, "here": here})


def categories(branches: tuple[Branch, ...], here: Branch | None) -> SafeString:
    """The ways to the categories, and to those below the one that is open."""
    return _branches(branches, here, get_language() or "")

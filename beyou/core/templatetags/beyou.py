"""Template tags of the look: built files, icons, faces and times. Registered as builtins."""

import datetime as dt
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django import template
from django.conf import settings
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from beyou.core import clock
from beyou.core.money import format_money, short_money

if TYPE_CHECKING:
    from beyou.users.models import User

register = template.Library()

STYLE = "frontend/styles/app.css"
FONT = "node_modules/@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2"
HUES = 12


@lru_cache(maxsize=2)
def _manifest(path: Path, second: int) -> dict[str, Any]:
    """What Vite wrote. Looked at once a second: a page has dozens of icons, and a build takes longer."""
    return _read_manifest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_manifest(path: Path, changed_ns: int) -> dict[str, Any]:
    result: dict[str, Any] = orjson.loads(path.read_bytes())
    return result


def built(source: str) -> dict[str, Any]:
    """What Vite made of one source: `file`, `css`, `imports`. Raises `KeyError` when it was not built."""
    entry: dict[str, Any] = _manifest(settings.VITE_MANIFEST, int(time.monotonic()))[source]
    return entry


def built_file(source: str) -> Path:
    """Where the built file of a source lies on the disk."""
    file: Path = settings.VITE_MANIFEST.parent.parent / built(source)["file"]
    return file


def _address(file: str) -> str:
    return f"{settings.STATIC_URL}{file}"


def _imports(source: str, seen: list[str]) -> list[str]:
    for name in built(source).get("imports", []):
        if name not in seen:
            seen.append(name)
            _imports(name, seen)
    return seen


@register.simple_tag
def stylesheet() -> SafeString:
    """The one stylesheet, and a preload of the font so that text never moves."""
    return format_html(
        '<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>'
        '<link rel="stylesheet" href="{}">',
        _address(built(FONT)["file"]),
        _address(built(STYLE)["file"]),
    )


@register.simple_tag
def script(entry: str) -> SafeString:
    """The module of an entry with its shared chunks preloaded and its own styles, if it has any."""
    source = f"frontend/entry/{entry}.ts"
    chunks = [built(name) for name in _imports(source, [])]
    styles = [css for chunk in [*chunks, built(source)] for css in chunk.get("css", [])]
    return mark_safe(  # noqa: S308  (each part is escaped)
        format_html_join("", '<link rel="stylesheet" href="{}">', [(_address(css),) for css in styles])
        + format_html_join(
            "", '<link rel="modulepreload" href="{}">', [(_address(chunk["file"]),) for chunk in chunks]
        )
        + format_html('<script type="module" src="{}"></script>', _address(built(source)["file"]))
    )


@register.simple_tag
def icons() -> str:
    """The address of the icon sprite."""
    return _address(built("icons.svg")["file"])


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One icon of the sprite; without a label it is decoration."""
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            icons(),
            name,
        )
    return _decoration(icons(), name)


@lru_cache(maxsize=512)
def _decoration(sprite: str, name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name)


def hue_class(member_id: UUID) -> str:
    """One of twelve hues, the same for a member everywhere (and the same in `elements/avatar.ts`)."""
    return f"h{member_id.int % HUES}"


@register.simple_tag
def avatar(member: "User", size: str = "") -> SafeString:
    """The member's picture, or initials on the member's hue. The name always stands beside it, so it is
    decoration.
    """
    face: str = member.initials
    if member.picture_id is not None:
        face = format_html('<img src="{}" alt="" loading="lazy" decoding="async">', picture_url(member))
    return format_html(
        '<span class="avatar {} {}" aria-hidden="true">{}</span>', hue_class(member.id), size, face
    )


def picture_url(member: "User") -> str | None:
    """The address of the member's picture, which the app of friends serves to those who may see it."""
    return f"/pictures/{member.picture_id}" if member.picture_id is not None else None


@register.filter
def ago(moment: dt.datetime) -> SafeString:
    """A time as people say it, with the exact one in the tooltip. Seconds are never shown."""
    seconds = max(0, int((clock.now() - moment).total_seconds()))
    if seconds < 60:
        words = "just now"
    elif seconds < 3600:
        words = f"{seconds // 60} min ago"
    elif seconds < 86_400:
        words = f"{seconds // 3600} h ago"
    elif seconds < 7 * 86_400:
        days = seconds // 86_400
        words = "yesterday" if days == 1 else f"{days} days ago"
    else:
        words = date_format(moment, "j F Y")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(moment), words)


@lru_cache(maxsize=4096)
def _exact(moment: dt.datetime) -> str:
    """The same rows are shown again and again, and formatting costs more than the rest of a line."""
    return date_format(moment, "j F Y, H:i e")


@register.filter
def span(length: dt.timedelta) -> str:
    """A length of time as people say it, in its largest unit."""
    minutes = max(1, round(length.total_seconds() / 60))
    for unit, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            count = round(minutes / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "a minute"


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """An amount in the smallest unit as people read it: `{{ price_minor|money:currency }}`."""
    return format_money(amount_minor, currency)


@register.filter
def price(amount_minor: int, currency: str) -> str:
    """The same without a fraction of zeros: for the price of a thing."""
    return short_money(amount_minor, currency)


@register.simple_tag
def verified(member: "User") -> SafeString:
    """The badge beside the name of a verified member; nothing for others."""
    return _badge(icons()) if member.is_verified else mark_safe("")


@lru_cache(maxsize=2)
def _badge(sprite: str) -> SafeString:
    return format_html(
        '<svg class="icon verified" role="img" aria-label="verified"><title>Verified</title>'
        '<use href="{}#badge-check"></use></svg>',
        sprite,
    )


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *prefixes: str) -> SafeString:
    """`aria-current` when the page lies under one of the addresses."""
    request: HttpRequest | None = context.get("request")
    path = request.path if request else ""
    here = any(path == prefix or path.startswith(prefix.rstrip("/") + "/") for prefix in prefixes if prefix)
    return mark_safe('aria-current="page"') if here else mark_safe("")

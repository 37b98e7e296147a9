"""Built files, icons, faces and times in templates."""

import datetime as dt
import re
from typing import Any
from uuid import UUID

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from beyou.core import clock
from beyou.core.templatetags import beyou as tags
from beyou.users.models import User


def _render(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def test_a_script_comes_as_a_module() -> None:
    html = _render('{% script "app" %}')
    assert re.search(r'<script type="module" src="/static/assets/app-[^"]+\.js"></script>$', html)


def test_what_was_not_built_fails_loudly() -> None:
    with pytest.raises(KeyError):
        _render('{% script "nothing" %}')


def test_the_font_is_preloaded_with_the_stylesheet() -> None:
    html = _render("{% stylesheet %}")
    assert 'rel="preload"' in html
    assert 'as="font"' in html
    assert re.search(r'<link rel="stylesheet" href="/static/assets/style-[^"]+\.css">', html)


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in _render('{% icon "lock" %}')
    labelled = _render("{% icon name label %}", name="lock", label='"><b>')
    assert 'role="img" aria-label="&quot;&gt;&lt;b&gt;"' in labelled
    assert "aria-hidden" not in labelled


def test_a_face_is_initials_on_a_hue_that_never_changes() -> None:
    member = User(id=UUID(int=25), handle="alice", name="Alice <Ash>")
    html = _render("{% avatar member 'small' %}", member=member)
    assert html == '<span class="avatar h1 small" aria-hidden="true">A&lt;</span>'
    assert tags.hue_class(member.id) == tags.hue_class(UUID(int=25))


def test_all_twelve_hues_are_used() -> None:
    assert {tags.hue_class(UUID(int=number)) for number in range(100)} == {f"h{hue}" for hue in range(12)}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "yesterday"),
        (2 * 86_400, "2 days ago"),
        (7 * 86_400 - 1, "6 days ago"),
    ],
)
def test_times_are_told_as_people_say_them(seconds: int, words: str) -> None:
    moment = clock.now() - dt.timedelta(seconds=seconds)
    html = _render("{{ moment|ago }}", moment=moment)
    assert html.endswith(f">{words}</time>")
    assert f'datetime="{moment.isoformat()}"' in html


def test_old_times_become_dates() -> None:
    moment = dt.datetime(2024, 2, 29, 12, 0, tzinfo=dt.UTC)
    assert _render("{{ moment|ago }}", moment=moment).endswith(">29 February 2024</time>")


@pytest.mark.parametrize(
    ("page", "expected"),
    [("/chats", True), ("/chats/1", True), ("/chatsx", False), ("/", False), ("/u/chats", False)],
)
def test_the_page_that_is_open_is_marked(page: str, *, expected: bool) -> None:
    html = _render('{% current "/chats" %}', request=RequestFactory().get(page))
    assert html == ('aria-current="page"' if expected else "")


def test_without_a_request_nothing_is_marked() -> None:
    assert _render('{% current "/chats" %}') == ""

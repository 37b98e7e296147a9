"""Short notes travel with the next page, or in a header to parts of a page, and only once."""

import json

import pytest
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from beyou.core.toasts import toast
from tests.factories import members

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def _noted(request: HttpRequest) -> HttpResponse:
    toast(request, "Bob & <you> are friends.", undo="/undo/7")
    toast(request, "Careful.", level=messages.WARNING)
    return HttpResponse("done")


def _moved(request: HttpRequest) -> HttpResponse:
    toast(request, "Moved.")
    return HttpResponse(status=302, headers={"Location": "/about/security"})


urlpatterns = [path("noted", _noted), path("moved", _moved), path("", include("beyou.config.urls"))]

HTMX = {"hx-request": "true"}


def test_htmx_gets_them_in_a_header_in_order() -> None:
    response = members.visitor().get("/noted", headers=HTMX)
    assert json.loads(response["HX-Trigger"]) == {
        "by:toast": {
            "notes": [
                {"level": "success", "text": "Bob & <you> are friends.", "undo": "/undo/7"},
                {"level": "warning", "text": "Careful.", "undo": ""},
            ]
        }
    }
    assert response["HX-Trigger"].isascii()


def test_a_note_is_shown_once() -> None:
    client = members.visitor()
    client.get("/noted", headers=HTMX)
    assert "by-toast" not in client.get("/about/security").content.decode()


def test_other_requests_keep_them_for_the_next_page_escaped() -> None:
    client = members.visitor()
    assert "HX-Trigger" not in client.get("/noted")
    page = client.get("/about/security").content.decode()
    assert "Bob &amp; &lt;you&gt; are friends." in page
    assert 'action="/undo/7"' in page
    assert page.count("<by-toast") == 2
    assert "csrfmiddlewaretoken" in page
    assert "by-toast" not in client.get("/about/security").content.decode()


def test_a_redirect_keeps_them_for_where_it_leads() -> None:
    client = members.visitor()
    assert "HX-Trigger" not in client.get("/moved", headers=HTMX)
    assert "Moved." in client.get("/about/security").content.decode()


def test_an_answer_without_notes_has_no_header() -> None:
    assert "HX-Trigger" not in members.visitor().get("/about/security", headers=HTMX)

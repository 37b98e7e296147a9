"""Whatever goes wrong, people get a page that says what, why and what next, and programs get problem JSON."""

import json
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path

from beyou.core import views
from beyou.core.errors import ApplicationError, NotFound, RateLimited
from tests.factories import members

pytestmark = pytest.mark.django_db


class OutOfTea(ApplicationError):
    code, status, title = "out_of_tea", 418, "No tea <left>"


RAISED: dict[str, type[Exception] | Exception] = {
    "400": SuspiciousOperation("odd"),
    "403": PermissionDenied("secret reason"),
    "404": NotFound(),
    "418": OutOfTea("The pot is empty & cold.", refill_at=5),
    "429": RateLimited(30),
    "500": RuntimeError("secret detail"),
}


def _raise(request: HttpRequest, name: str) -> HttpResponse:
    raise RAISED[name]


urlpatterns = [
    path("raise/<str:name>", _raise),
    path("api/raise/<str:name>", _raise),
    path("", include("beyou.config.urls")),
]
handler400 = "beyou.core.views.bad_request"
handler403 = "beyou.core.views.forbidden"
handler404 = "beyou.core.views.not_found"
handler500 = "beyou.core.views.server_error"


def _get(address: str, client: Client | None = None, headers: dict[str, str] | None = None) -> Any:
    asker = client or members.visitor()
    asker.raise_request_exception = False
    return asker.get(address, headers=headers)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", sorted(RAISED))
def test_people_get_a_page_with_one_heading_and_a_way_on(status: str) -> None:
    response = _get(f"/raise/{status}")
    page = response.content.decode()
    assert response.status_code == int(status)
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert page.count("<h1") == 1
    assert status in page
    assert 'href="/"' in page or 'href="/sign-in"' in page
    assert "secret" not in page


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", ["403", "404", "418"])
def test_members_are_led_to_their_home(status: str) -> None:
    response = _get(f"/raise/{status}", members.client_of(members.alice()))
    assert 'href="/home"' in response.content.decode()


@pytest.mark.urls(__name__)
def test_the_words_of_an_error_are_escaped() -> None:
    page = _get("/raise/418").content.decode()
    assert "No tea &lt;left&gt;" in page
    assert "The pot is empty &amp; cold." in page


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", ["400", "403", "404", "418", "500"])
def test_programs_get_problem_json(status: str) -> None:
    response = _get(f"/api/raise/{status}")
    assert response["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert problem["status"] == response.status_code == int(status)
    assert problem["code"]
    assert "secret" not in response.content.decode()


@pytest.mark.urls(__name__)
def test_what_an_error_knows_more_reaches_programs() -> None:
    assert json.loads(_get("/api/raise/418").content)["refill_at"] == 5
    limited = _get("/api/raise/429")
    assert limited["Retry-After"] == "30"


@pytest.mark.urls(__name__)
def test_htmx_gets_a_toast_and_no_page() -> None:
    response = _get("/raise/418", headers={"hx-request": "true"})
    assert response.status_code == 418
    assert response.content == b""
    assert json.loads(response["HX-Trigger"])["by:toast"]["notes"] == [
        {"level": "error", "text": "The pot is empty & cold.", "undo": "", "confirm": ""}
    ]


def test_an_unknown_address_is_not_found() -> None:
    response = _get("/no/such/page")
    assert response.status_code == 404
    assert "Nothing here" in response.content.decode()


def test_a_form_from_an_old_page_is_refused_and_says_what_to_do() -> None:
    alice = members.alice()
    client = members.client_of(alice, enforce_csrf_checks=True)
    response = client.post("/settings/look", {"accent": "jade", "theme": "dark"})
    assert response.status_code == 403
    assert "This page was open too long" in response.content.decode()
    alice.refresh_from_db()
    assert alice.accent == "iris"


def test_the_500_page_needs_neither_database_nor_build(
    settings: Any, django_assert_num_queries: Any, tmp_path: Any
) -> None:
    """Whatever broke may be what other pages need."""
    settings.VITE_MANIFEST = tmp_path / "missing.json"
    with django_assert_num_queries(0):
        response = views.server_error(RequestFactory().get("/home"))
    assert response.status_code == 500
    assert b"/static/standalone.css" in response.content
    assert finders.find("standalone.css")


def test_ready_says_503_when_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert members.visitor().get("/healthz/ready").status_code == 200

    def broken() -> None:
        raise ConnectionError

    monkeypatch.setattr(connection, "cursor", broken)
    assert members.visitor().get("/healthz/ready").status_code == 503
    assert members.visitor().get("/healthz/live").status_code == 200

"""An app of a member: JSON, a session token in a header, and no cookies."""

import json
from typing import Any

from django.test import Client

from tests.factories.members import PASSWORD

_JSON = "application/json"


class App:
    """Remembers the newest session token, as an app would."""

    def __init__(self, **extra: Any) -> None:
        self.client = Client(enforce_csrf_checks=True, **extra)
        self.token = ""

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **extra: Any) -> Any:
        if self.token:
            extra = {"HTTP_X_SESSION_TOKEN": self.token} | extra
        answer = self.client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body).encode() if body is not None else b"",
            content_type=_JSON,
            **extra,
        )
        assert not answer.cookies, "an app gets no cookies"
        if answer.status_code == 200 and answer["Content-Type"] == _JSON:
            self.token = answer.json().get("session_token", self.token)
        return answer

    def sign_in(self, email: str = "alice@example.org", password: str = PASSWORD) -> Any:
        return self.ask("POST", "/auth/sign-in", {"email": email, "password": password})

    def state(self) -> str:
        found: str = self.ask("GET", "/auth/session").json()["state"]
        return found

    def is_in(self) -> bool:
        """Whether the token opens what is for members."""
        return bool(self.ask("GET", "/me").status_code == 200)

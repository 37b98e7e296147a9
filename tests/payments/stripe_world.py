"""A real localstripe process, and before it what it lacks: Checkout Sessions, Connect and idempotency keys.

Only those are ours. Everything else, such as intents, cards, 3-D Secure, refunds and signed webhooks, is
answered by localstripe itself.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

from tests import children
from tests.browser.server import free_port

KEY, SECRET = "sk_test_12345", "whsec_of_the_tests"
GOOD, DECLINED, ASKS = "4242424242424242", "4000000000000341", "4000002500003155"


class Stripe:
    """The address that the adapter asks, and what a buyer does on the hosted page."""

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.sessions: dict[str, dict[str, Any]] = {}
        #: Connected accounts by their name: what was asked, and how far the seller and Stripe are.
        self.accounts: dict[str, dict[str, Any]] = {}
        #: Transfers that were made, and how much there is for more.
        self.transfers: list[dict[str, Any]] = []
        self.available = 10**9
        #: key → (what was asked, the answer): a repeat gets the first answer.
        self.answers: dict[str, tuple[str, int, bytes]] = {}
        #: Every webhook that localstripe sent: body and headers.
        self.heard: list[tuple[bytes, dict[str, str]]] = []
        #: So many answers to these are lost on the way, after the work was done.
        self.losses, self.lossy = 0, ""
        self.requests = 0

    def ask(self, method: str, path: str, body: bytes = b"", *, key: str = KEY) -> tuple[int, bytes]:
        """localstripe's own answer."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-www-form-urlencoded"}
        request = Request(self.behind + path, body or None, headers, method=method)
        try:
            with urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def _made(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        status, body = self.ask(method, path, urlencode(fields).encode())
        value: dict[str, Any] = json.loads(body)
        assert status == 200 or "error" in value, body
        return value

    def pay(self, session_id: str, card: str) -> dict[str, Any]:
        """The buyer enters a card on the hosted page. Returns the intent, or the error."""
        session = self.sessions[session_id]
        fields = {"card[number]": card, "card[exp_month]": 12, "card[exp_year]": 2034, "card[cvc]": 123}
        method = self._made("POST", "/v1/payment_methods", type="card", **fields)
        self._made("POST", f"/v1/payment_intents/{session['intent']}", payment_method=method["id"])
        return self._made("POST", f"/v1/payment_intents/{session['intent']}/confirm")

    def confirm(self, session_id: str, *, is_granted: bool) -> dict[str, Any]:
        """The buyer answers their bank (3-D Secure)."""
        intent = self.intent(session_id)
        return self._made(
            "POST",
            f"/v1/payment_intents/{intent['id']}/_authenticate",
            client_secret=intent["client_secret"],
            success=str(is_granted).lower(),
        )

    def intent(self, session_id: str) -> dict[str, Any]:
        return self._made(
            "GET", f"/v1/payment_intents/{self.sessions[session_id]['intent']}?expand[]=latest_charge"
        )

    def onboard(self, account: str, *, is_active: bool = True) -> None:
        """The seller told everything on the hosted page; Stripe is content, or still checks."""
        capability = "active" if is_active else "pending"
        self.accounts[account] |= {
            "details_submitted": True,
            "payouts_enabled": is_active,
            "capabilities": {"transfers": capability},
        }

    # What localstripe lacks.

    def answer(self, method: str, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        self.requests += 1
        asked = f"{method} {path} {body.decode()}"
        if key in self.answers:
            first, status, answer = self.answers[key]
            return (status, answer) if first == asked else (400, _error("idempotency_error"))
        status, answer = self._answer(method, path, body)
        if key and status < 500:
            self.answers[key] = (asked, status, answer)
        return status, answer

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(path).path.strip("/").split("/")
        if parts[1] in ("accounts", "account_links", "transfers"):
            return self._connect(method, path, parts[1:], dict(parse_qsl(body.decode())))
        if parts[:3] != ["v1", "checkout", "sessions"]:
            return self.ask(method, path, body)
        if len(parts) == 3:
            return self._open(dict(parse_qsl(body.decode())))
        session = self.sessions.get(parts[3])
        if session is None:
            return 404, _error("resource_missing")
        if parts[4:] == ["expire"]:
            if self._shown(session)["status"] != "open":
                return 400, _error("resource_already_exists")
            session["expired"] = True
        return 200, json.dumps(self._shown(session, expand="expand" in path)).encode()

    def _connect(self, method: str, path: str, parts: list[str], form: dict[str, str]) -> tuple[int, bytes]:
        """As Stripe's reference says: one account for a request, links for those that exist, and transfers to
        those that may have them, of money that is there.
        """
        if parts == ["accounts"]:
            name = f"acct_test_{len(self.accounts)}"
            self.accounts[name] = {
                "id": name, "object": "account", "details_submitted": False, "payouts_enabled": False,
                "capabilities": {"transfers": "inactive"}, "form": form,
            }  # fmt: skip
            return 200, json.dumps(self.accounts[name]).encode()
        if parts == ["transfers"] and method == "GET":
            group = dict(parse_qsl(urlsplit(path).query))["transfer_group"]
            found = [each for each in self.transfers if each["transfer_group"] == group]
            return 200, json.dumps({"object": "list", "data": found, "has_more": False}).encode()
        name = (
            parts[1]
            if parts[0] == "accounts"
            else form["account" if parts[0] == "account_links" else "destination"]
        )
        account = self.accounts.get(name)
        if account is None:
            return 404, _error("resource_missing")
        if parts[0] == "accounts" and len(parts) == 2:
            return 200, json.dumps(account).encode()
        if parts[0] == "transfers":
            return self._transfer(account, form)
        if parts[0] == "accounts" and not account["details_submitted"]:
            return 400, _error("account_not_onboarded")
        kind = "login_link" if parts[0] == "accounts" else "account_link"
        link = {"object": kind, "url": f"https://connect.stripe.example/{kind}/{name}"}
        return 200, json.dumps(link).encode()

    def _transfer(self, account: dict[str, Any], form: dict[str, str]) -> tuple[int, bytes]:
        if account["capabilities"]["transfers"] != "active":
            return 400, _error("insufficient_capabilities_for_transfer")
        amount = int(form["amount"])
        if amount > self.available:
            return 400, _error("balance_insufficient")
        self.available -= amount
        made = {"id": f"tr_test_{len(self.transfers)}", "object": "transfer", "amount": amount}
        self.transfers.append(
            made
            | {
                "transfer_group": form["transfer_group"],
                "destination": account["id"],
                "currency": form["currency"],
            }
        )
        return 200, json.dumps(self.transfers[-1]).encode()

    def _open(self, form: dict[str, str]) -> tuple[int, bytes]:
        price = "line_items[0][price_data]"
        intent = self._made("POST", "/v1/payment_intents", **{
            "amount": form[f"{price}[unit_amount]"], "currency": form[f"{price}[currency]"],
            "metadata[payment]": form["payment_intent_data[metadata][payment]"],
        })  # fmt: skip
        session = {
            "id": f"cs_test_{len(self.sessions)}",
            "intent": intent["id"],
            "form": form,
            "expired": False,
        }
        self.sessions[str(session["id"])] = session
        return 200, json.dumps(self._shown(session)).encode()

    def _shown(self, session: dict[str, Any], *, expand: bool = False) -> dict[str, Any]:
        intent, form = self.intent(session["id"]), session["form"]
        is_paid = intent["status"] == "succeeded"
        return {
            "id": session["id"],
            "object": "checkout.session",
            "url": f"https://checkout.stripe.example/c/{session['id']}",
            "status": "complete" if is_paid else "expired" if session["expired"] else "open",
            "payment_status": "paid" if is_paid else "unpaid",
            "amount_total": intent["amount"],
            "currency": intent["currency"],
            "metadata": {"payment": form["metadata[payment]"]},
            "client_reference_id": form["client_reference_id"],
            "payment_intent": intent if expand else intent["id"],
        }


def _error(code: str) -> bytes:
    kind = "idempotency_error" if code == "idempotency_error" else "invalid_request_error"
    return json.dumps({"error": {"type": kind, "code": code, "message": code}}).encode()


def _handler(stripe: Stripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/heard":
                stripe.heard.append((body, dict(self.headers.items())))
                self._send(200, b"{}")
                return
            _, _, api_key = self.headers.get("Authorization", "").partition(" ")
            if api_key != KEY:
                self._send(*stripe.ask("GET", "/v1/refunds", key=api_key))
                return
            key = self.headers.get("Idempotency-Key", "") if self.command == "POST" else ""
            # The library makes up keys of its own where we give none.
            ours = key if key.startswith(("open-", "refund-", "account-", "payout-")) else ""
            status, answer = stripe.answer(self.command, self.path, body, ours)
            if stripe.losses and stripe.lossy in f"{self.command} {self.path}":
                stripe.losses -= 1
                status, answer = 503, b"{}"
            self._send(status, answer)

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815  (names of the library)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@contextmanager
def running() -> Iterator[tuple[Stripe, str]]:
    """Both servers, for as long as the block."""
    port = free_port()
    process = children.start(
        ["-m", "localstripe", "--from-scratch", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stripe = Stripe(f"http://127.0.0.1:{port}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stripe))
    address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        _wait(stripe)
        hook = urlencode({"url": f"{address}/heard", "secret": SECRET}).encode()
        assert stripe.ask("POST", "/_config/webhooks/all", hook)[0] == 200
        yield stripe, address
    finally:
        server.shutdown()
        server.server_close()
        process.terminate()
        process.wait(timeout=10)


def _wait(stripe: Stripe) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            stripe.ask("GET", "/v1/balance_transactions")
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("localstripe did not answer")

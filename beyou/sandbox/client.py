"""The bank behind the port of `payments`, as a caller sees it: requests in, answers out, nothing shared."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from beyou.payments.errors import BadSignature, GatewayRefused
from beyou.payments.gateways import Charge, Opened, Seen, Sent, Told
from beyou.sandbox import signing
from beyou.sandbox.services import bank
from beyou.sandbox.services.notices import NAME


class SandboxGateway:
    """Pretends to be a bank. No money moves."""

    name = NAME
    can_pay_out = True
    has_accounts = False

    def open(self, charge: Charge) -> Opened:
        back = urlsplit(charge.return_url)
        return bank.open_charge(charge, back.path)

    def look(self, reference: str) -> Seen:
        return bank.look(reference)

    def cancel(self, reference: str) -> Seen:
        return bank.cancel(reference)

    def refund(self, reference: str, amount_minor: int, key: UUID) -> Sent:
        return bank.refund(reference, amount_minor, key)

    def open_account(self, seller_id: UUID) -> str:
        raise GatewayRefused("no_accounts")

    def account_page(self, account: str, return_url: str) -> str:
        raise GatewayRefused("no_accounts")

    def takes_money(self, account: str) -> bool:
        return True

    def pay_out(self, account: str, amount_minor: int, currency: str, key: UUID) -> Sent:
        return bank.pay_out(amount_minor, currency, key)

    def told(self, body: bytes, headers: Mapping[str, str]) -> Told:
        signing.check(body, headers.get(signing.HEADER, ""))
        try:
            value: dict[str, Any] = orjson.loads(body)
            return Told(str(value["id"]), str(value["type"]), UUID(str(value["payment"])))
        # Signed by us and yet no notice: it was never sent by the bank.
        except (ValueError, KeyError, TypeError) as error:
            raise BadSignature("This is no notice of the sandbox.") from error

"""The pretend bank: pays once, signs what it says, keeps no card, and works without scripts."""

from typing import Any

import pytest
from django.test import Client

from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.payments.errors import BadSignature, GatewayRefused
from beyou.payments.gateways import Charge
from beyou.payments.models import Payment, WebhookEvent
from beyou.payments.rules import Progress
from beyou.sandbox import signing
from beyou.sandbox.client import SandboxGateway
from beyou.sandbox.models import BankCharge, BankNotice
from beyou.sandbox.rules import Card
from beyou.sandbox.services import bank, counter, notices
from tests.factories import members
from tests.payments.bank import charge_of, deal, outside, pass_ms, run

pytestmark = pytest.mark.django_db

WEBHOOK = "/payments/webhooks/sandbox"


def _page(payment_id: Any) -> str:
    return f"/sandbox/pay/{charge_of(payment_id).reference}"


def test_a_buyer_pays_without_scripts_and_comes_back() -> None:
    alice = members.alice()
    made = deal(payer=alice.pk)
    started = made.start()
    client = members.client_of(alice)
    page = client.get(started.redirect_url).content.decode()
    assert "Sandbox: no real money." in page
    assert "€15.00" in page
    assert page.count('type="radio"') == len(Card)
    assert 'type="text"' not in page, "nobody can enter a real card"
    answer = client.post(started.redirect_url, {"card": "success"})
    assert answer.headers["Location"] == f"/pay/{started.payment_id}/back"
    assert client.get(answer.headers["Location"]).headers["Location"] == "/home"
    assert (Payment.objects.get().state, outside()) == ("settled", 1500)
    run()
    assert outside() == 1500


def test_the_bank_asks_whether_it_is_you() -> None:
    for answer, state in (("yes", "settled"), ("no", "failed")):
        alice = members.member(f"alice_{answer}")
        started = deal(payer=alice.pk).start()
        client, page = members.client_of(alice), started.redirect_url
        assert client.post(page, {"card": "confirm"}).headers["Location"] == f"{page}/confirm"
        assert client.get(page).headers["Location"] == f"{page}/confirm"
        assert "Is it you?" in client.get(f"{page}/confirm").content.decode()
        assert Payment.objects.get(pk=started.payment_id).state == "requires_action"
        client.post(f"{page}/confirm", {"answer": answer})
        assert client.get(page).headers["Location"].endswith("/back")
        client.get(f"/pay/{started.payment_id}/back")
        assert Payment.objects.get(pk=started.payment_id).state == state


@pytest.mark.parametrize("sent", [{}, {"card": ""}, {"card": "4242424242424242"}, {"card": "success\x00"}])
def test_anything_but_a_test_card_is_refused_with_the_page(sent: dict[str, str]) -> None:
    started = deal().start()
    answer = Client().post(started.redirect_url, sent)
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert "4242424242424242" not in answer.content.decode()
    assert charge_of(started.payment_id).progress == Progress.OPEN


def test_two_tabs_pay_once_and_the_back_button_pays_nothing() -> None:
    started = deal().start()
    page, client = started.redirect_url, Client()
    client.post(page, {"card": "success"})
    client.post(page, {"card": "declined"})
    client.post(page, {"card": "success"})
    client.post(f"{page}/cancel")
    client.post(f"{page}/confirm", {"answer": "no"})
    assert client.get(page).status_code == 302
    charge = charge_of(started.payment_id)
    assert (charge.progress, charge.card) == (Progress.PAID, Card.SUCCESS)
    assert charge.notices.count() == 1


def test_who_calls_it_off_pays_nothing() -> None:
    started = deal().start()
    page = started.redirect_url
    assert Client().post(f"{page}/cancel").headers["Location"] == f"/pay/{started.payment_id}/back"
    Client().post(page, {"card": "success"})
    run()
    assert (Payment.objects.get().state, Payment.objects.get().failure) == ("cancelled", "cancelled")
    assert outside() == 0


def test_unknown_references_do_not_exist() -> None:
    assert Client().get("/sandbox/pay/sbx-nobody").status_code == 404
    assert Client().post("/sandbox/pay/sbx-nobody", {"card": "success"}).status_code == 404
    with pytest.raises(GatewayRefused):
        bank.look("sbx-nobody")


def test_requests_are_idempotent_by_key_and_a_key_stands_for_one_thing() -> None:
    gateway = SandboxGateway()
    charge = Charge(uuid7(), 100, "EUR", "http://127.0.0.1/back")
    opened = gateway.open(charge)
    assert gateway.open(charge) == opened
    with pytest.raises(GatewayRefused):
        gateway.open(Charge(charge.payment_id, 101, "EUR", "http://127.0.0.1/back"))
    counter.pay(reference=opened.reference, card=Card.SUCCESS)
    key = uuid7()
    assert gateway.refund(opened.reference, 60, key) == gateway.refund(opened.reference, 60, key)
    for amount, other in ((61, key), (41, uuid7())):
        with pytest.raises(GatewayRefused):
            gateway.refund(opened.reference, amount, other)
    assert gateway.look(opened.reference).refunded_minor == 60
    payout = uuid7()
    assert gateway.pay_out("", 5, "EUR", payout) == gateway.pay_out("", 5, "EUR", payout)
    with pytest.raises(GatewayRefused):
        gateway.pay_out("", 6, "EUR", payout)


def _notice() -> tuple[bytes, str]:
    started = deal().start()
    counter.pay(reference=charge_of(started.payment_id).reference, card=Card.SUCCESS)
    body = notices.body_of(BankNotice.objects.get())
    return body, signing.sign(body)


def _post(body: bytes, signature: str) -> int:
    headers = {signing.HEADER: signature} if signature else {}
    answer = Client(enforce_csrf_checks=True).post(
        WEBHOOK, body, content_type="application/json", headers=headers
    )
    return answer.status_code


def test_a_true_notice_settles_and_a_replay_changes_nothing() -> None:
    body, signature = _notice()
    assert [_post(body, signature) for _ in range(3)] == [204, 204, 204]
    assert WebhookEvent.objects.count() == 1
    run()
    assert (Payment.objects.get().state, outside()) == ("settled", 1500)
    assert _post(body, signature) == 204
    run()
    assert outside() == 1500


def test_forged_altered_and_old_notices_are_refused_before_they_are_read() -> None:
    body, signature = _notice()
    moment, mac = signature.split(",")
    forged = [
        "",
        "v1=00",
        moment,
        f"{moment},v1=" + "0" * 64,
        f"t=0,{mac}",
        f"t={clock.now_ms() // 1000 + 1},{mac}",
        f"t=９,{mac}",
        f"t={'9' * 400},{mac}",
        f"{moment},{mac[:-1]}",
        f"{moment},v1=é",
    ]
    for wrong in forged:
        assert _post(body, wrong.encode().decode("latin-1")) == 400
    for altered in (body + b" ", body[:-1], b"", b"{}", body.replace(b"paid", b"void")):
        assert _post(altered, signature) == 400
    pass_ms(301_000)
    assert _post(body, signature) == 400
    pass_ms(-900_000)
    assert _post(body, signature) == 400
    assert WebhookEvent.objects.count() == 0


def test_even_what_is_signed_only_makes_us_look() -> None:
    """Who stole the key of the signatures can still not say that something is paid."""
    started = deal().start()
    for body in (
        f'{{"id":"e1","type":"charge.paid","payment":"{started.payment_id}"}}'.encode(),
        f'{{"id":"e2","type":"charge.paid","payment":"{uuid7()}"}}'.encode(),
    ):
        assert _post(body, signing.sign(body)) == 204
    run()
    assert (Payment.objects.get().state, outside()) == ("requires_action", 0)
    for body in (b"[]", b'{"id":1}', b'{"id":"a","type":"b","payment":"c"}', b"\xff"):
        assert _post(body, signing.sign(body)) == 400
    with pytest.raises(BadSignature):
        SandboxGateway().told(b"[]", {signing.HEADER: signing.sign(b"[]")})


def test_unknown_gateways_do_not_exist() -> None:
    assert (
        Client().post("/payments/webhooks/mattress", b"{}", content_type="application/json").status_code
        == 404
    )
    assert Client().get(WEBHOOK).status_code == 405


def test_a_notice_is_sent_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**named: Any) -> None:
        raise OSError

    _notice()
    with monkeypatch.context() as patch:
        patch.setattr(notices, "receive_webhook", broken)
        assert notices.deliver_next()
        assert not notices.deliver_next(), "not at once again"
    assert BankNotice.objects.get().delivered_at is None
    pass_ms(40_000)
    run()
    assert BankNotice.objects.get().delivered_at is not None
    assert Payment.objects.get().state == "settled"


def test_the_way_to_a_gateway_elsewhere_is_a_page_with_a_link() -> None:
    alice = members.alice()
    started = deal(payer=alice.pk).start()
    Payment.objects.update(hosted_url="https://pay.example/c/1")
    client = members.client_of(alice)
    go = f"/pay/{started.payment_id}/go"
    page = client.get(go).content.decode()
    assert '<meta http-equiv="refresh" content="1;url=https://pay.example/c/1">' in page
    assert 'href="https://pay.example/c/1"' in page
    BankCharge.objects.update(progress=Progress.PAID)
    client.get(f"/pay/{started.payment_id}/back")
    assert client.get(go).headers["Location"] == "/home"
    assert members.client_of(members.bob()).get(go).status_code == 404

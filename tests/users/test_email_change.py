"""Another e-mail address: both mailboxes agree, nobody is found out, nothing happens by half."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMessage

from beyou.core import clock, events, limits, schedule
from beyou.core.errors import InvalidInput, RateLimited
from beyou.core.mail import MailNotSent
from beyou.users import queries, services
from beyou.users.errors import EmailChangeClosed, FieldRefused, WrongCode
from beyou.users.models import EmailChange, User
from tests.factories import members

pytestmark = pytest.mark.django_db

HOUR_MS = 3600 * 1000
NEW = "new@example.org"


def mails_to(address: str) -> list[EmailMessage]:
    return [message for message in mail.outbox if message.to == [address]]


def code_in(message: EmailMessage) -> str:
    found = re.match(r"(\d{6}) is your code", message.subject)
    assert found is not None, message.subject
    return found[1]


def token_in(message: EmailMessage) -> str:
    found = re.search(r"/email-change/([\w-]+)", str(message.body))
    assert found is not None, message.body
    return found[1]


def begin(person: User, email: str = NEW) -> tuple[str, str]:
    """The code that the new address got, and the token that the old one got."""
    services.start_email_change(member_id=person.pk, email=email)
    return code_in(mails_to(email.strip().lower())[-1]), token_in(mails_to(person.email)[-1])


def address_of(person: User) -> str:
    member = User.objects.get(pk=person.pk)
    rows = EmailAddress.objects.filter(user=person).values_list("email", "primary", "verified")
    assert list(rows) == [(member.email, True, True)]
    return member.email


@pytest.mark.parametrize("first", ["old", "new"])
def test_the_address_changes_when_both_have_agreed_in_any_order(first: str) -> None:
    alice = members.alice()
    code, token = begin(alice, " New@Example.org ")
    steps: list[Any] = [
        lambda: services.agree_new(member_id=alice.pk, code=code),
        lambda: services.agree_old(token=token),
    ]
    for step in reversed(steps) if first == "old" else steps:
        assert address_of(alice) == "alice@example.org"
        step()
    assert address_of(alice) == NEW
    assert queries.open_email_change(alice.pk) is None
    assert EmailChange.objects.get().outcome == "done"


def test_both_mailboxes_are_told_afterwards() -> None:
    alice = members.alice()
    code, token = begin(alice)
    services.agree_new(member_id=alice.pk, code=f" {code[:3]}-{code[3:]} ")
    services.agree_old(token=token)
    mail.outbox.clear()
    events.drain()
    assert sorted(message.to[0] for message in mail.outbox) == ["alice@example.org", NEW]
    assert all("was changed" in message.subject for message in mail.outbox)


def test_nothing_changes_for_one_agreement_however_often_it_comes() -> None:
    alice = members.alice()
    code, token = begin(alice)
    for _ in range(7):
        services.agree_new(member_id=alice.pk, code=code)
    assert address_of(alice) == "alice@example.org"
    code, token = begin(alice)
    for _ in range(7):
        services.agree_old(token=token)
    assert address_of(alice) == "alice@example.org"


def test_an_agreement_of_an_earlier_change_counts_for_nothing() -> None:
    alice = members.alice()
    code, token = begin(alice, "first@example.org")
    services.agree_new(member_id=alice.pk, code=code)
    second_code, second_token = begin(alice, "second@example.org")
    with pytest.raises(EmailChangeClosed):
        services.agree_old(token=token)
    with pytest.raises(WrongCode):
        services.agree_new(member_id=alice.pk, code=code if code != second_code else "x")
    services.agree_old(token=second_token)
    assert address_of(alice) == "alice@example.org"


def test_five_wrong_codes_end_the_change() -> None:
    alice = members.alice()
    code, token = begin(alice)
    wrong = "000000" if code != "000000" else "000001"
    for left in (4, 3, 2, 1):
        with pytest.raises(WrongCode, match=f"{left} more"):
            services.agree_new(member_id=alice.pk, code=wrong)
    with pytest.raises(EmailChangeClosed):
        services.agree_new(member_id=alice.pk, code=wrong)
    with pytest.raises(EmailChangeClosed):
        services.agree_new(member_id=alice.pk, code=code)
    with pytest.raises(EmailChangeClosed):
        services.agree_old(token=token)
    assert address_of(alice) == "alice@example.org"


@pytest.mark.parametrize("code", ["", "x", "１２３４５６", "1" * 10_000, "\x00", "000000; drop"])
def test_what_is_no_code_is_a_wrong_code(code: str) -> None:
    alice = members.alice()
    begin(alice)
    with pytest.raises(WrongCode):
        services.agree_new(member_id=alice.pk, code=code)


def test_after_an_hour_nothing_is_open() -> None:
    alice = members.alice()
    code, token = begin(alice)
    clock.shift(HOUR_MS + 1000)
    assert queries.open_email_change(alice.pk) is None
    with pytest.raises(EmailChangeClosed):
        services.agree_new(member_id=alice.pk, code=code)
    with pytest.raises(EmailChangeClosed):
        services.agree_old(token=token)
    schedule.run_due()
    assert EmailChange.objects.get().outcome == "expired"
    begin(alice)
    clock.shift(31 * 24 * HOUR_MS)
    schedule.run_due()
    assert not EmailChange.objects.exists()


def test_another_members_address_looks_like_any_other() -> None:
    alice, bob = members.alice(), members.bob()
    change = services.start_email_change(member_id=alice.pk, email="BOB@example.org")
    (to_bob,) = mails_to(bob.email)
    assert "wanted to use your address" in to_bob.subject
    assert not re.search(r"\d{6}", str(to_bob.body))
    assert len(mails_to(alice.email)) == 1
    assert (change.outcome, change.new_email) == ("", "bob@example.org")
    services.agree_old(token=token_in(mails_to(alice.email)[0]))
    for number in range(4):
        with pytest.raises(WrongCode):
            services.agree_new(member_id=alice.pk, code=f"{number:06}")
    assert address_of(alice) == "alice@example.org"
    assert address_of(bob) == "bob@example.org"


def test_an_address_that_somebody_took_meanwhile_is_left_alone() -> None:
    alice = members.alice()
    code, token = begin(alice)
    services.agree_new(member_id=alice.pk, code=code)
    members.member("quicker", email=NEW)
    services.agree_old(token=token)
    assert address_of(alice) == "alice@example.org"
    assert EmailChange.objects.get().outcome == "taken"


def test_one_who_never_confirmed_does_not_keep_an_address() -> None:
    alice = members.alice()
    members.member("ghost", email=NEW, is_confirmed=False)
    clock.shift(25 * HOUR_MS)
    code, token = begin(alice)
    services.agree_new(member_id=alice.pk, code=code)
    services.agree_old(token=token)
    assert address_of(alice) == NEW


def test_the_own_address_is_refused() -> None:
    with pytest.raises(FieldRefused, match="already"):
        services.start_email_change(member_id=members.alice().pk, email="ALICE@example.org")


def test_only_so_many_changes_and_only_so_many_mails_to_one_address() -> None:
    alice = members.alice()
    for number in range(5):
        services.start_email_change(member_id=alice.pk, email=f"{number}@example.org")
    with pytest.raises(RateLimited):
        services.start_email_change(member_id=alice.pk, email="6@example.org")
    limits.reset()
    for number in range(5):
        services.start_email_change(member_id=members.member(f"flood_{number}").pk, email=NEW)
    with pytest.raises(RateLimited):
        services.start_email_change(member_id=members.bob().pk, email=NEW)


def test_both_sides_can_stop_it() -> None:
    alice = members.alice()
    code, token = begin(alice)
    services.cancel_email_change_by_token(token=token)
    with pytest.raises(EmailChangeClosed):
        services.agree_new(member_id=alice.pk, code=code)
    with pytest.raises(EmailChangeClosed):
        services.cancel_email_change_by_token(token=token)
    code, token = begin(alice)
    for _ in range(2):
        services.cancel_email_change(member_id=alice.pk)
    with pytest.raises(EmailChangeClosed):
        services.agree_old(token=token)
    assert address_of(alice) == "alice@example.org"


def test_codes_and_tokens_are_not_stored() -> None:
    alice = members.alice()
    code, token = begin(alice)
    stored = EmailChange.objects.values().get()
    assert code not in [str(value) for value in stored.values()]
    assert token not in repr(stored)
    assert len(stored["code_mac"]) == len(stored["token_mac"]) == 64


# The old mailbox is lost


def test_a_lost_mailbox_counts_as_silent_after_three_days() -> None:
    alice = members.alice()
    code, _ = begin(alice)
    with pytest.raises(InvalidInput, match="first"):
        services.declare_old_lost(member_id=alice.pk)
    services.agree_new(member_id=alice.pk, code=code)
    for _ in range(2):
        services.declare_old_lost(member_id=alice.pk)
    assert "three days" in mails_to("alice@example.org")[-1].subject
    assert len(mails_to("alice@example.org")) == 2
    clock.shift(71 * HOUR_MS)
    schedule.run_due()
    assert address_of(alice) == "alice@example.org"
    clock.shift(72 * HOUR_MS + 60_000)
    schedule.run_due()
    assert address_of(alice) == NEW


def test_the_old_mailbox_can_stop_what_a_thief_called_lost() -> None:
    alice = members.alice()
    code, first_token = begin(alice)
    services.agree_new(member_id=alice.pk, code=code)
    services.declare_old_lost(member_id=alice.pk)
    with pytest.raises(EmailChangeClosed):
        services.agree_old(token=first_token)
    services.cancel_email_change_by_token(token=token_in(mails_to("alice@example.org")[-1]))
    clock.shift(80 * HOUR_MS)
    schedule.run_due()
    assert address_of(alice) == "alice@example.org"


def test_a_mailbox_that_was_found_again_may_agree_at_once() -> None:
    alice = members.alice()
    code, _ = begin(alice)
    services.agree_new(member_id=alice.pk, code=code)
    services.declare_old_lost(member_id=alice.pk)
    services.agree_old(token=token_in(mails_to("alice@example.org")[-1]))
    assert address_of(alice) == NEW


def test_a_warning_that_was_not_sent_starts_no_waiting(settings: Any) -> None:
    alice = members.alice()
    code, _ = begin(alice)
    services.agree_new(member_id=alice.pk, code=code)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(MailNotSent):
        services.declare_old_lost(member_id=alice.pk)
    assert EmailChange.objects.get().lost_after is None
    with pytest.raises(MailNotSent):
        services.start_email_change(member_id=members.bob().pk, email="other@example.org")
    assert not EmailChange.objects.filter(open_of__handle="bob").exists()


def test_a_change_of_somebody_else_is_out_of_reach() -> None:
    alice, mallory = members.alice(), members.mallory()
    code, _ = begin(alice)
    for step in (
        lambda: services.agree_new(member_id=mallory.pk, code=code),
        lambda: services.declare_old_lost(member_id=mallory.pk),
        lambda: services.agree_old(token="x" * 43),
        lambda: services.agree_old(token=""),
    ):
        with pytest.raises(EmailChangeClosed):
            step()
    services.cancel_email_change(member_id=mallory.pk)
    assert queries.open_email_change(alice.pk) is not None

"""Profiles and addresses that change at the same moment, on whatever engine the suite runs."""

import re
from contextlib import suppress
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import IntegrityError

from beyou.core.errors import ApplicationError
from beyou.media.models import MediaFile
from beyou.users import services
from beyou.users.models import EmailChange, HeldHandle, PendingRename, User
from tests.blocks.test_races import at_once
from tests.factories import members, pictures

pytestmark = pytest.mark.django_db(transaction=True)


def _rename(person: User, handle: str) -> None:
    with suppress(ApplicationError):
        services.change_profile(member_id=person.pk, handle=handle)


def test_of_eight_who_want_one_handle_one_gets_it() -> None:
    people = members.members(8)
    for person in people[:4]:
        services.mark_verified(member_id=person.pk)
    at_once([partial(_rename, person, "wanted") for person in people])
    taken = User.objects.filter(handle="wanted").count()
    waiting = PendingRename.objects.filter(handle="wanted", state="waiting").count()
    # A rename that waits only holds the handle; whoever holds it or has it is one member.
    assert taken <= 1
    assert waiting <= 1
    assert taken + waiting >= 1
    held = HeldHandle.objects.filter(handle="wanted", until=None).values_list("member_id", flat=True)
    assert list(held) == list(
        PendingRename.objects.filter(handle="wanted", state="waiting").values_list("member_id", flat=True)
    )


def test_one_member_who_changes_everything_at_once_ends_whole() -> None:
    dana = members.dana()
    handles = [f"dana_{number}" for number in range(8)]
    at_once([partial(_rename, dana, handle) for handle in handles])
    assert User.objects.get(pk=dana.pk).handle in handles
    assert HeldHandle.objects.filter(member=dana).count() == 1


def test_eight_pictures_at_once_leave_one() -> None:
    dana = members.dana()
    data = pictures.picture("PNG", (80, 80))
    at_once([partial(services.set_picture, member_id=dana.pk, data=data)] * 8)
    assert MediaFile.objects.get().id == User.objects.get(pk=dana.pk).picture_id


def test_one_rename_is_decided_once() -> None:
    alice, staff = members.alice(), members.staff()
    services.mark_verified(member_id=alice.pk)
    pending = services.change_profile(member_id=alice.pk, name="Alice B").pending
    assert pending is not None
    done: list[bool] = []

    def decide(is_granted: bool) -> None:  # noqa: FBT001  (a job of this test)
        with suppress(ApplicationError):
            services.decide_rename(
                rename_id=pending.id, reviewer_id=staff.pk, is_granted=is_granted, reason="No"
            )
            done.append(is_granted)

    at_once([partial(decide, number % 2 == 0) for number in range(8)])
    assert len(done) == 1
    assert (User.objects.get(pk=alice.pk).name == "Alice B") is done[0]


def _begin(person: User, email: str) -> tuple[str, str]:
    services.start_email_change(member_id=person.pk, email=email)
    code = re.match(r"\d{6}", [each for each in mail.outbox if each.to == [email]][-1].subject)
    link = re.search(r"/email-change/([\w-]+)", str(mail.outbox[-1].body))
    assert code is not None
    assert link is not None
    return code[0], link[1]


def test_both_mailboxes_that_agree_at_once_change_the_address_once() -> None:
    alice = members.alice()
    code, token = _begin(alice, "new@example.org")

    def new() -> None:
        with suppress(ApplicationError):
            services.agree_new(member_id=alice.pk, code=code)

    def old() -> None:
        with suppress(ApplicationError):
            services.agree_old(token=token)

    at_once([new, old] * 4)
    assert User.objects.get(pk=alice.pk).email == "new@example.org"
    assert EmailAddress.objects.get(user=alice).email == "new@example.org"
    assert EmailChange.objects.get().outcome == "done"


def test_eight_wrong_codes_at_once_count_as_five() -> None:
    alice = members.alice()
    code, _ = _begin(alice, "new@example.org")
    wrong = "000000" if code != "000000" else "000001"

    def guess() -> None:
        with suppress(ApplicationError):
            services.agree_new(member_id=alice.pk, code=wrong)

    at_once([guess] * 8)
    change = EmailChange.objects.get()
    assert (change.tries, change.outcome) == (5, "too_many_tries")


def test_of_two_who_want_one_address_one_gets_it() -> None:
    people = members.members(2)
    proofs = [(person, *_begin(person, "new@example.org")) for person in people]
    for person, code, _ in proofs:
        services.agree_new(member_id=person.pk, code=code)
    at_once([partial(services.agree_old, token=token) for _, _, token in proofs])
    assert User.objects.filter(email="new@example.org").count() == 1
    assert set(EmailChange.objects.values_list("outcome", flat=True)) == {"done", "taken"}
    assert EmailAddress.objects.count() == 2


def test_who_joins_with_an_address_while_it_moves_is_one_of_two() -> None:
    alice = members.alice()
    code, token = _begin(alice, "new@example.org")
    services.agree_new(member_id=alice.pk, code=code)

    def join() -> None:
        with suppress(IntegrityError):
            members.member("joiner", email="new@example.org")

    at_once([partial(services.agree_old, token=token), join])
    assert User.objects.filter(email="new@example.org").count() == 1

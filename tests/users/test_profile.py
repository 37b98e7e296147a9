"""Changing one's own profile: handles and their hold, names, texts, pictures, renames before the staff."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest

from beyou.audit.models import AuditRecord
from beyou.core import clock, schedule
from beyou.core.errors import ApplicationError, InvalidInput, NotFound, RateLimited
from beyou.media.errors import NotAnImage
from beyou.media.models import MediaFile
from beyou.users import queries, rules, services
from beyou.users.errors import FieldRefused, HandleTaken, HandleTooSoon, NotYourOwn, RenameDecided
from beyou.users.models import HeldHandle, PendingRename, User
from tests.factories import members, pictures

pytestmark = pytest.mark.django_db

DAY_MS = 24 * 3600 * 1000


def fresh(person: User) -> User:
    return User.objects.get(pk=person.pk)


def verified(person: User) -> User:
    services.mark_verified(member_id=person.pk)
    return fresh(person)


def test_an_unverified_member_is_renamed_at_once() -> None:
    dana = members.dana()
    change = services.change_profile(
        member_id=dana.pk, handle=" @Dana_New ", name="  Dana   D. ", bio="Hi\r\nyou "
    )
    assert change.pending is None
    dana = fresh(dana)
    assert (dana.handle, dana.name, dana.bio) == ("dana_new", "Dana D.", "Hi\nyou")


def test_what_is_not_given_stays_and_an_empty_name_is_the_handle() -> None:
    dana = members.dana()
    services.change_profile(member_id=dana.pk, bio="Something")
    services.change_profile(member_id=dana.pk, name="  ")
    dana = fresh(dana)
    assert (dana.handle, dana.name, dana.bio) == ("dana", "dana", "Something")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("handle", "ab"),
        ("handle", "a" * 31),
        ("handle", "admin"),
        ("handle", "dänä"),
        ("handle", "dana\x00"),
        ("handle", "___"),
        ("name", "x" * 61),
        ("name", "Dana\u202eanaD"),
        ("name", "Da\u200bna"),
        ("name", "Dana\x00"),
        ("name", "\u0301"),
        ("bio", "x" * 501),
        ("bio", "a\x00b"),
        ("bio", "\u202egnorw"),
    ],
)
def test_impossible_values_are_refused_by_field_and_change_nothing(field: str, value: str) -> None:
    dana = members.dana()
    before = User.objects.filter(pk=dana.pk).values().get()
    given: dict[str, Any] = {"handle": "other_one", "name": "Other", "bio": "Other"} | {field: value}
    with pytest.raises(FieldRefused) as caught:
        services.change_profile(member_id=dana.pk, **given)
    assert caught.value.field == field
    assert caught.value.detail
    assert User.objects.filter(pk=dana.pk).values().get() == before


@pytest.mark.parametrize("name", ["José Ñandú", "田中 花子", "नेहा", "می‌خواهم", "👩‍👩‍👧", "O'Neil (Jr.) 3"])
def test_names_of_the_world_are_fine(name: str) -> None:
    assert rules.name_problem(name) == ""


def test_a_taken_handle_is_refused() -> None:
    dana, alice = members.dana(), members.alice()
    with pytest.raises(HandleTaken):
        services.change_profile(member_id=dana.pk, handle=alice.handle)
    assert fresh(dana).handle == "dana"


def test_an_old_handle_is_held_for_its_owner_for_thirty_days() -> None:
    dana, mallory = members.dana(), members.mallory()
    services.change_profile(member_id=dana.pk, handle="dana_new")
    assert queries.is_handle_taken("dana")
    assert not queries.is_handle_taken("dana", by=dana.pk)
    with pytest.raises(HandleTaken):
        services.change_profile(member_id=mallory.pk, handle="dana")
    # The owner may go back at once, and then the other one is held.
    services.change_profile(member_id=dana.pk, handle="dana")
    assert queries.is_handle_taken("dana_new")
    clock.shift(31 * DAY_MS)
    assert not queries.is_handle_taken("dana_new")
    services.change_profile(member_id=mallory.pk, handle="dana_new")
    assert fresh(mallory).handle == "dana_new"
    schedule.run_due()
    assert set(HeldHandle.objects.values_list("handle", flat=True)) == {"mallory"}


def test_nobody_joins_under_a_held_handle() -> None:
    dana = members.dana()
    services.change_profile(member_id=dana.pk, handle="dana_new")
    page = members.visitor().post("/join", {"handle": "dana", "email": "x@example.org", "password1": "x"})
    assert b"This handle is taken" in page.content


def test_a_handle_rests_for_two_weeks() -> None:
    dana = members.dana()
    services.change_profile(member_id=dana.pk, handle="dana_two")
    with pytest.raises(HandleTooSoon, match=r"from .* on"):
        services.change_profile(member_id=dana.pk, handle="dana_three")
    clock.shift(14 * DAY_MS + 1000)
    services.change_profile(member_id=dana.pk, handle="dana_three")
    assert fresh(dana).handle == "dana_three"


def test_an_unconfirmed_sign_up_gives_its_handle_back_after_a_day() -> None:
    dana = members.dana()
    members.member("wanted", is_confirmed=False)
    with pytest.raises(HandleTaken):
        services.change_profile(member_id=dana.pk, handle="wanted")
    clock.shift(DAY_MS + 1000)
    services.change_profile(member_id=dana.pk, handle="wanted")
    assert fresh(dana).handle == "wanted"


def test_a_profile_changes_only_so_often() -> None:
    dana = members.dana()
    for number in range(60):
        services.change_profile(member_id=dana.pk, bio=str(number))
    with pytest.raises(RateLimited):
        services.change_profile(member_id=dana.pk, bio="again")


# Verified members


def test_a_verified_members_rename_waits_and_the_text_does_not() -> None:
    alice = verified(members.alice())
    change = services.change_profile(member_id=alice.pk, handle="alice_b", name="Alice B", bio="New")
    assert change.pending is not None
    alice = fresh(alice)
    assert (alice.handle, alice.name, alice.bio) == ("alice", "Alice Ash", "New")
    assert [row.member.handle for row in queries.waiting_renames()] == ["alice"]
    with pytest.raises(HandleTaken):
        services.change_profile(member_id=members.dana().pk, handle="alice_b")


def test_a_granted_rename_happens_and_is_recorded() -> None:
    alice, staff = verified(members.alice()), members.staff()
    pending = services.change_profile(member_id=alice.pk, handle="alice_b", name="Alice B").pending
    assert pending is not None
    services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=True)
    alice = fresh(alice)
    assert (alice.handle, alice.name) == ("alice_b", "Alice B")
    assert queries.pending_rename(alice.pk) is None
    assert queries.is_handle_taken("alice")
    record = AuditRecord.objects.get(act="rename.granted")
    assert (record.actor_id, record.subject_id) == (staff.pk, alice.pk)


def test_a_refused_rename_says_why_and_frees_the_handle() -> None:
    alice, staff = verified(members.alice()), members.staff()
    pending = services.change_profile(member_id=alice.pk, handle="alice_b").pending
    assert pending is not None
    with pytest.raises(InvalidInput, match="why"):
        services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=False)
    services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=False, reason="Not you.")
    last = queries.last_rename(alice.pk)
    assert last is not None
    assert (last.state, last.reason) == ("refused", "Not you.")
    assert fresh(alice).handle == "alice"
    assert not queries.is_handle_taken("alice_b")


def test_a_rename_is_decided_once_by_somebody_else() -> None:
    alice, staff = verified(members.alice()), members.staff()
    pending = services.change_profile(member_id=alice.pk, name="Alice B").pending
    assert pending is not None
    with pytest.raises(NotYourOwn):
        services.decide_rename(rename_id=pending.id, reviewer_id=alice.pk, is_granted=True)
    with pytest.raises(NotFound):
        services.decide_rename(rename_id=uuid4(), reviewer_id=staff.pk, is_granted=True)
    services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=True)
    with pytest.raises(RenameDecided):
        services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=False, reason="No")
    assert fresh(alice).name == "Alice B"


def test_a_later_wish_takes_the_place_of_an_earlier_one() -> None:
    alice, staff = verified(members.alice()), members.staff()
    first = services.change_profile(member_id=alice.pk, handle="alice_b").pending
    second = services.change_profile(member_id=alice.pk, handle="alice_c").pending
    assert first is not None
    assert second is not None
    assert not queries.is_handle_taken("alice_b")
    with pytest.raises(RenameDecided):
        services.decide_rename(rename_id=first.id, reviewer_id=staff.pk, is_granted=True)
    services.withdraw_rename(member_id=alice.pk)
    services.withdraw_rename(member_id=alice.pk)
    with pytest.raises(RenameDecided):
        services.decide_rename(rename_id=second.id, reviewer_id=staff.pk, is_granted=True)
    assert not queries.is_handle_taken("alice_c")
    assert fresh(alice).handle == "alice"
    assert set(PendingRename.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_a_rename_never_takes_what_somebody_else_has_got() -> None:
    alice, staff = verified(members.alice()), members.staff()
    pending = services.change_profile(member_id=alice.pk, handle="alice_b").pending
    assert pending is not None
    User.objects.filter(pk=staff.pk).update(handle="alice_b")
    with pytest.raises(HandleTaken):
        services.decide_rename(rename_id=pending.id, reviewer_id=staff.pk, is_granted=True)
    assert queries.pending_rename(alice.pk) is not None


# Pictures


def test_a_picture_is_square_small_and_replaces_the_one_before(
    django_capture_on_commit_callbacks: Any,
) -> None:
    dana = members.dana()
    with django_capture_on_commit_callbacks(execute=True):
        first = services.set_picture(member_id=dana.pk, data=pictures.picture(size=(900, 500))).picture_id
        second = services.set_picture(member_id=dana.pk, data=pictures.picture()).picture_id
    assert first != second == fresh(dana).picture_id
    file = MediaFile.objects.get(owner_id=dana.pk)
    assert (file.id, file.width, file.height) == (second, 240, 240)
    for _ in range(2):
        services.remove_picture(member_id=dana.pk)
    assert fresh(dana).picture_id is None
    assert not MediaFile.objects.exists()


def test_a_refused_picture_leaves_the_one_before() -> None:
    dana = members.dana()
    kept = services.set_picture(member_id=dana.pk, data=pictures.picture()).picture_id
    with pytest.raises(NotAnImage):
        services.set_picture(member_id=dana.pk, data=b"<svg/>")
    assert fresh(dana).picture_id == kept


# Telephone numbers


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+49 30 901820", "+4930901820"),
        ("0049 (30) 90-18-20", "+4930901820"),
        ("+1 202-456-1111", "+12024561111"),
        ("+４９ 30 901820", "+4930901820"),
    ],
)
def test_a_number_is_stored_in_one_form_and_encrypted(typed: str, stored: str) -> None:
    from beyou.users.models import Phone

    dana = members.dana()
    assert services.set_phone(member_id=dana.pk, phone=typed) == stored
    assert queries.phone_of(dana.pk) == stored
    assert stored.encode() not in bytes(Phone.objects.get().sealed)
    services.remove_phone(member_id=dana.pk)
    services.remove_phone(member_id=dana.pk)
    assert queries.phone_of(dana.pk) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "030 901820",
        "+",
        "+49",
        "+999 123456",
        "call me",
        "+49 30 901820 ext. 5",
        "+1" * 5000,
        "\x00",
        "+49\x00",
    ],
)
def test_what_is_no_number_is_refused_with_an_example(typed: str) -> None:
    dana = members.dana()
    with pytest.raises(FieldRefused, match=r"\+49 30") as caught:
        services.set_phone(member_id=dana.pk, phone=typed)
    assert caught.value.field == "phone"
    assert queries.phone_of(dana.pk) == ""


def test_a_number_belongs_to_its_row() -> None:
    from beyou.core.keyring import Undecryptable
    from beyou.users.models import Phone

    dana, alice = members.dana(), members.alice()
    services.set_phone(member_id=dana.pk, phone="+4930901820")
    Phone.objects.create(member=alice, sealed=Phone.objects.get(member=dana).sealed)
    with pytest.raises(Undecryptable):
        queries.phone_of(alice.pk)


def test_choices_of_privacy_are_kept_one_by_one() -> None:
    dana = members.dana()
    services.change_privacy(member_id=dana.pk, found_by=rules.Audience.NOBODY, read_receipts=False)
    services.change_privacy(member_id=dana.pk, email_for=rules.Readers.FRIENDS)
    dana = fresh(dana)
    assert (dana.found_by, dana.read_receipts, dana.email_for) == ("nobody", False, "friends")
    assert (dana.asked_by, dana.written_by, dana.phone_for) == ("everybody", "friends", "nobody")


@pytest.mark.parametrize("junk", [b"", b"x", b"\x89PNG\r\n\x1a\n", b"\x00" * 100])
def test_junk_is_a_typed_refusal(junk: bytes) -> None:
    with pytest.raises(ApplicationError):
        services.set_picture(member_id=members.dana().pk, data=junk)


def test_the_hold_ends_with_the_clock() -> None:
    dana = members.dana()
    services.change_profile(member_id=dana.pk, handle="dana_new")
    until = HeldHandle.objects.get(handle="dana").until
    assert until is not None
    assert abs(until - clock.now() - dt.timedelta(days=30)) < dt.timedelta(minutes=1)

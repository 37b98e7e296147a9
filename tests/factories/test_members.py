import pytest

from tests.factories import members


@pytest.mark.django_db
def test_the_people_differ_and_can_sign_in() -> None:
    people = [make() for make in (members.alice, members.bob, members.charlie, members.mallory, members.dana)]
    assert len({person.id for person in people}) == 5
    assert all(person.check_password(members.PASSWORD) for person in people)
    assert members.staff().is_staff
    assert "beyou-session" in members.client_of(people[0]).cookies

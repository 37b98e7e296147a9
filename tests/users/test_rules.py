import pytest

from beyou.users.rules import handle_problem, plain_handle


@pytest.mark.parametrize("handle", ["bob", "a_b", "x" * 30, "_bob_", "007"])
def test_usable(handle: str) -> None:
    assert handle_problem(handle) == ""


@pytest.mark.parametrize(
    "handle", ["", "ab", "x" * 31, "Bob", "böb", "b b", "b-b", "аdmin", "admin", "___", "bob\n", "bob\u200b"]
)
def test_refused(handle: str) -> None:
    assert handle_problem(handle)


def test_people_type_capitals_and_at_signs() -> None:
    assert plain_handle(" @Alice ") == "alice"

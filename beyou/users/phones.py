"""A member's telephone number: optional, encrypted, never used to sign in."""

from uuid import UUID

from beyou.core import clock, keyring, limits
from beyou.users.errors import FieldRefused
from beyou.users.models import Phone

_HOW = "Begin with + and the code of the country, such as +49 30 901820."


def parse_phone(typed: str) -> str:
    """The number in E.164 (ITU-T), such as +4930901820. Raises `FieldRefused`."""
    # It knows the numbers of every country, which takes megabytes that few requests need.
    import phonenumbers

    text = typed.strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+"):
        raise FieldRefused("phone", _HOW)
    try:
        number = phonenumbers.parse(text[:60], None)
    except phonenumbers.NumberParseException:
        raise FieldRefused("phone", f"This is not a telephone number. {_HOW}") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise FieldRefused("phone", f"There is no such number in that country. {_HOW}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable_phone(number: str) -> str:
    """A stored number with spaces, as people write it abroad."""
    import phonenumbers

    parsed = phonenumbers.parse(number, None)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def set_phone(*, member_id: UUID, phone: str) -> str:
    """The member has this number, encrypted; returns it in E.164. Raises `FieldRefused` or `RateLimited`."""
    limits.check("profile.member", str(member_id))
    number = parse_phone(phone)
    sealed = keyring.seal_field(number, table="users_phone", column="sealed", row_id=member_id)
    Phone.objects.update_or_create(
        member_id=member_id, defaults={"sealed": sealed, "changed_at": clock.now()}
    )
    return number


def remove_phone(*, member_id: UUID) -> None:
    """No number of the member is stored; a repeat changes nothing."""
    Phone.objects.filter(member_id=member_id).delete()

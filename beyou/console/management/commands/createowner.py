"""`beyou createowner`: the first owner of an instance, or one more."""

import getpass
import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from beyou.users import queries, services
from beyou.users.rules import Level, handle_problem, plain_handle

if TYPE_CHECKING:
    from beyou.users.models import User


class Command(BaseCommand):
    help = (
        "Make a member an owner, by e-mail address or handle; with both, also a member who is not there yet."
        " A new member's password is asked for, or read from the standard input; it is never an argument."
        " A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="", help="e-mail address, which counts as confirmed")
        parser.add_argument("--handle", default="", help="3 to 30 letters from a to z, digits or underscores")
        parser.add_argument("--name", default="", help="name that others see (default: the handle)")

    def handle(self, *args: Any, email: str, handle: str, name: str, **options: Any) -> None:
        email, handle = email.strip().lower(), plain_handle(handle)
        if not email and not handle:
            raise CommandError("Name the member: --email, --handle or both.")
        found = self._find(email, handle)
        if found is None:
            password = self._new_member(email, handle)
            with transaction.atomic():
                found = services.create_member(
                    handle=handle, email=email, password=password, name=name.strip(), is_confirmed=True
                )
                self._promote(found)
            self.stdout.write(f"@{handle} is a new member and an owner. Sign in and set up a second step.")
        elif Level.OWNER in queries.levels_of(found.pk):
            self.stdout.write(f"@{found.handle} is an owner already; nothing was changed.")
        else:
            self._promote(found)
            self.stdout.write(f"@{found.handle} is an owner now.")

    def _find(self, email: str, handle: str) -> "User | None":
        """The member whom both name. Raises `CommandError` when they name two, or somebody closed."""
        ids = {queries.member_id_of_email(email)} if email else set()
        ids |= {queries.member_id_of_handle(handle)} if handle else set()
        if len(ids) > 1:
            raise CommandError("This address and this handle do not belong to the same member.")
        (member_id,) = ids
        if member_id is None:
            return None
        member = queries.members_by_id([member_id])[member_id]
        if not member.is_active:
            raise CommandError(f"The account of @{member.handle} is closed.")
        if not queries.is_confirmed(member_id):
            raise CommandError(f"@{member.handle} has not confirmed an e-mail address yet.")
        return member

    def _new_member(self, email: str, handle: str) -> str:
        """The password of a member who may be made. Raises `CommandError` with what is wrong."""
        if not email or not handle:
            raise CommandError("There is no such member; to make one give --email and --handle.")
        try:
            validate_email(email)
            if problem := handle_problem(handle):
                raise ValidationError(problem)
            password = self._password()
            validate_password(password, get_user_model()(handle=handle, email=email))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return password

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Once more: ") != password:
            raise CommandError("The two passwords differ. Nothing was changed.")
        return password

    def _promote(self, member: "User") -> None:
        services.grant_level(member_id=member.pk, level=Level.OWNER, granted_by_id=None)

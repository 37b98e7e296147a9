"""`beyou staff`: levels from the command line, where no owner is at hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from beyou.users import queries, services
from beyou.users.errors import LastOwner
from beyou.users.rules import Level, plain_handle


class Command(BaseCommand):
    help = "List the staff; grant a level to a member; withdraw it. The audit keeps what was done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="{list,grant,withdraw}")
        acts.add_parser("list", help="who has which level")
        for act, text in (("grant", "give a member a level"), ("withdraw", "take a level away")):
            each = acts.add_parser(act, help=text)
            each.add_argument("handle")
            each.add_argument("level", choices=[level.value for level in Level])

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        if act == "list":
            for member, levels in queries.staff_with_levels():
                self.stdout.write(f"@{member.handle:30} {', '.join(sorted(levels))}")
            return
        handle, level = plain_handle(options["handle"]), Level(options["level"])
        member_id = queries.member_id_of_handle(handle)
        if member_id is None:
            raise CommandError(f"There is no member @{handle}.")
        was = level in queries.levels_of(member_id)
        if act == "grant":
            services.grant_level(member_id=member_id, level=level, granted_by_id=None)
        else:
            self._withdraw(member_id, level)
        word = "nothing was changed" if was == (act == "grant") else "done"
        self.stdout.write(f"@{handle}, {level.value}: {word}.")

    @staticmethod
    def _withdraw(member_id: Any, level: Level) -> None:
        try:
            services.withdraw_level(member_id=member_id, level=level, withdrawn_by_id=None)
        except LastOwner as error:
            raise CommandError(error.detail) from error

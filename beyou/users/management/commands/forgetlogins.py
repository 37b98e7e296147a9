"""`beyou forgetlogins`: what the daily job does, now, or only counted."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from beyou.users import retention


class Command(BaseCommand):
    help = (
        "Delete records of sign-ins, security events, alerts and sessions that are older than owners let"
        " them be (Settings, Retention; BEYOU_LOGIN_LOG_DAYS is the default). A job does the same every day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many rows would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            found = {name: rows.count() for name, rows in retention.outdated().items()}
        else:
            found = retention.forget_old()
        for name, count in found.items():
            self.stdout.write(f"{name}: {count} {'would be ' if dry_run else ''}deleted")

"""`beyou export_ledger`: files that anyone can check with beyou-ledger."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from beyou.core.errors import ApplicationError
from beyou.ledger import export, sources
from beyou.ledger.management.progress import Bar


class Command(BaseCommand):
    help = (
        "Write the ledger up to its newest checkpoint into an empty folder, for `beyou-ledger verify FOLDER`."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--openings",
            action="store_true",
            help="add what opens every message entry: private, for an auditor who may see who wrote when",
        )

    def handle(self, *args: Any, folder: Path, openings: bool, **options: Any) -> None:
        bar = Bar(sys.stderr, "Exporting")
        try:
            size = export.write(folder, progress=bar, openings_from=sources.current() if openings else None)
        except (ApplicationError, OSError) as error:
            raise CommandError(str(error)) from error
        finally:
            bar.clear()
        self.stdout.write(f"{size:,} entries are in {folder}.")

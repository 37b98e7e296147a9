"""`beyou sweep_media`: bytes without rows, and rows without bytes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from beyou.media.services import sweep_orphans


class Command(BaseCommand):
    help = "Deletes stored files that nothing refers to any more, and names those that are lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be deleted.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = sweep_orphans(remove=not options["dry_run"])
        verb = "would be deleted" if options["dry_run"] else "deleted"
        self.stdout.write(f"{len(found.strays)} stray files {verb}, {len(found.lost)} files lost.")
        for media_id in found.lost:
            self.stderr.write(f"Lost: {media_id}. Restore the media folder from a backup.")

"""`beyou reindex`: the index of words is built again from the items."""

from typing import Any

from django.core.management.base import BaseCommand

from beyou.marketplace.services import rebuild


class Command(BaseCommand):
    help = "Builds the market's search index again. Until it ends a search may find less than there is."

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        for done in rebuild():
            self.stdout.write(f"{done:,} items", ending="\r")
            self.stdout.flush()
        self.stdout.write(f"{done:,} items can be found.")

"""`beyou resume_sealing`: a person has looked."""

from typing import Any

from django.core.management import BaseCommand

from beyou.ledger import queries, services


class Command(BaseCommand):
    help = (
        "Resolve every open alert of the ledger and seal again after a freeze. Changes nothing in the ledger:"
        " what was damaged stays damaged, and the high-water file still refuses a database that was set back."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        was_frozen = queries.health().is_frozen
        resolved = services.resume_sealing()
        state = "Sealing goes on" if was_frozen else "Sealing was not frozen"
        self.stdout.write(f"{state}; {resolved} alerts resolved.")

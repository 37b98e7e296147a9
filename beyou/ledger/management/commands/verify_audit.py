"""`beyou verify_audit`: every row of the audit against its digests and against the ledger."""

import sys
from typing import Any

from django.core.management import BaseCommand

from beyou.ledger import anchors
from beyou.ledger.management.progress import Bar


class Command(BaseCommand):
    help = (
        "Check every row of the record of staff acts against the chain of its digests and against what the"
        " ledger knows of it, and name what was altered, removed or slipped in. Repairs nothing. Exit status:"
        " 0 all is as it was recorded, 1 something is not."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        bar = Bar(sys.stderr, "Checking")
        rows, problems = anchors.audit_problems(bar)
        bar.clear()
        for problem in problems:
            self.stdout.write(f"audit: {problem}")
        if problems:
            self.stdout.write(f"{len(problems)} findings; the first one is the first bad row.")
            raise SystemExit(1)
        self.stdout.write(f"All {rows:,} rows of the audit are as they were recorded.")

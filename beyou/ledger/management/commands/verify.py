"""`beyou verify`: everything stored against everything sealed and signed."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from beyou.core import clock
from beyou.ledger import anchors, services, sources
from beyou.ledger.management.progress import Bar
from beyou.ledger.verification import Verification


class Command(BaseCommand):
    help = (
        "Check every entry, tile, block, checkpoint, stored message and order against the ledger, and every"
        " row of the audit against its chain, and name what was altered. Repairs nothing. Exit status: 0 all"
        " is as it was sealed, 1 something is not, 2 there is no ledger to check."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--freeze", action="store_true", help="stop sealing if anything was altered")

    def handle(self, *args: Any, freeze: bool, **options: Any) -> None:
        started_ms = clock.now_ms()
        bar = Bar(sys.stderr, "Verifying")
        verification = Verification(
            *(services.ledger_signer().verifier, settings.LEDGER_HIGH_WATER, sources.current(), bar),
            step_sources=sources.step_sources(),
        )
        findings = []
        for finding in verification.run():
            bar.clear()
            findings.append(finding)
            self.stdout.write(f"{finding.kind:<18}  {finding}")
        bar.clear()
        rows, problems = anchors.audit_problems()
        for problem in problems:
            self.stdout.write(f"{'audit':<18}  {problem}")
        if not verification.size and not findings and not problems:
            self.stderr.write("There is no ledger yet: nothing was ever sealed.")
            raise SystemExit(2)
        services.record_verification(started_ms=started_ms, tree_size=verification.size, findings=findings)
        if not findings and not problems:
            self.stdout.write(
                f"All {verification.size:,} entries are as they were sealed,"
                f" and all {rows:,} rows of the audit as they were recorded."
            )
            return
        if freeze:
            services.freeze_sealing()
        self.stdout.write(
            f"{len(findings) + len(problems)} findings; the first one is the first bad position."
        )
        raise SystemExit(1)

"""`beyou doctor`: what is well and what is not, with what to do next."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from beyou.console.doctor import examine


class Command(BaseCommand):
    help = "Checks Python, pages, database, events, keys, mail, cache and disk; fails when one needs care."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        ailments = 0
        for finding in examine():
            mark = self.style.SUCCESS("✓") if finding.is_well else self.style.ERROR("✗")
            self.stdout.write(f"{mark} {finding.subject:<9} {finding.detail}")
            if not finding.is_well:
                ailments += 1
                self.stdout.write(f"  {'':<9} → {finding.advice}")
        if ailments:
            raise CommandError(f"{ailments} thing{'' if ailments == 1 else 's'} to mend.")

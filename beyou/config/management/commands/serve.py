"""`beyou serve`: everything in one process."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from beyou.config import server


class Command(BaseCommand):
    help = "Migrate, then serve pages, sockets, writer and sealer in one process on 127.0.0.1."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="TCP port (default 8000)")
        parser.add_argument("--demo", action="store_true", help="seed demo members if there is no member yet")

    def handle(self, *args: Any, port: int, demo: bool, **options: Any) -> None:
        if settings.MODE == "development" and urlsplit(settings.ORIGIN).hostname == "127.0.0.1":
            settings.LINK_ORIGIN = f"http://127.0.0.1:{port}"
        self._migrate()
        if demo:
            self._seed()
        connection.close()
        if settings.MODE == "development":
            self.stdout.write(f"Staff pages (secret): http://127.0.0.1:{port}/{settings.STAFF_PREFIX}/")
            self.stdout.write(f"Back room (owners only): http://127.0.0.1:{port}/{settings.ADMIN_PATH}/")
        self.stdout.write(f"BeYou is at http://127.0.0.1:{port}  (Ctrl-C ends it)")
        self.stdout.flush()
        server.run(port=port)
        self.stdout.write("BeYou has ended; nothing was left unwritten.")

    def _migrate(self) -> None:
        """Asks first: running `migrate` without need would cost a second of every start."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0)

    def _seed(self) -> None:
        """`demo` seeds an instance without members and prints the sign-ins of one that has demo members."""
        if settings.PRODUCTION:
            self.stderr.write("Demo data is refused in production; none was made.")
        else:
            call_command("demo", stdout=self.stdout)

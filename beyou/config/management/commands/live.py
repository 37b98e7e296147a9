"""`beyou live`: sockets and the writer, beside page workers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from beyou.config import server


class Command(BaseCommand):
    help = (
        "Serve sockets and write messages; pages come from other workers. Needs BEYOU_REDIS_URL for several."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--port", type=int, default=8001, help="TCP port on 127.0.0.1 (default 8001)")
        where.add_argument("--socket", help="path of a Unix socket instead of a port")

    def handle(self, *args: Any, port: int, socket: str | None, **options: Any) -> None:
        server.run(port=port, unix_socket=socket)

"""The staff's queue of reports with 10,000 cases, beside a page of the staff that has nothing to show."""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import orjson

from bench.common import Result, interleaved, median, milliseconds
from bench.market import asking
from bench.people import confirmed_member, session_of
from bench.server import LocalServer

CASES = int(os.environ.get("BENCH_CASES", "10000"))
MEMBERS = 500


def main() -> list[Result]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beyou-bench-")))
        server = stack.enter_context(LocalServer(folder, BEYOU_STAFF_PREFIX="staff-pages-of-the-bench"))
        done = subprocess.run(
            [sys.executable, "-m", "bench.staff", "--seed"],
            env=os.environ | server.environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        seeded = orjson.loads(done.stdout.splitlines()[-1])
        pages = {
            "empty": "joining",
            "first": "reports",
            "deep": f"reports?after={seeded['deep']}",
            "of one kind": "reports?target=item",
        }
        cookie = {"Cookie": f"beyou-session={seeded['session']}"}
        get = {
            side: asking(server.port, f"/staff-pages-of-the-bench/{page}", lambda: cookie)
            for side, page in pages.items()
        }
        times = {side: median(taken) for side, taken in interleaved(get, rounds=100, warm_up=10).items()}
        empty = f"empty staff page {milliseconds(times['empty'])}"
        return [
            Result(
                f"report queue, {CASES:,} cases: {side}",
                milliseconds(taken),
                empty,
                taken / times["empty"],
                2,
            )
            for side, taken in times.items()
            if side != "empty"
        ]


def _seed() -> None:
    """Cases of all kinds with a report each, and one of the staff. Prints a session and a place far down."""
    import django

    django.setup()

    from beyou.core.clock import now_ms
    from beyou.core.ids import uuid7
    from beyou.moderation.rules import Reason
    from beyou.reports.models import Case, Report
    from beyou.reports.rules import Target
    from beyou.users.rules import Level
    from beyou.users.services import grant_level
    from beyou.users.session_store import SessionStore

    people = [confirmed_member(f"bench_{number}", f"Bench {number}") for number in range(MEMBERS)]
    staff = confirmed_member("bench_staff", "Bench Staff")
    grant_level(member_id=staff.pk, level=Level.MODERATOR, granted_by_id=None)
    targets = list(Target)
    cases = [
        Case(
            target=targets[number % len(targets)],
            target_id=uuid7(),
            about=people[number % MEMBERS],
            open_of=f"bench:{number}",
            report_count=1,
        )
        for number in range(CASES)
    ]
    Case.objects.bulk_create(cases, batch_size=500)
    Report.objects.bulk_create(
        (
            Report(case=case, reporter=people[(number + 1) % MEMBERS], reason=Reason.SPAM)
            for number, case in enumerate(cases)
        ),
        batch_size=500,
    )
    staff.refresh_from_db()
    session = SessionStore(session_of(staff))
    # As after a second factor, which the pages of the staff ask for.
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": now_ms() / 1000}]
    session["account_authentication_methods_user"] = str(staff.pk)
    session.save()
    deep = sorted(case.pk for case in cases)[CASES * 9 // 10]
    print(orjson.dumps({"session": session.session_key, "deep": str(deep)}).decode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", action="store_true", help="fill the server of the environment")
    if parser.parse_args().seed:
        _seed()

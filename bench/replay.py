"""Replays real chat lines through the public API and reads every one back: `python -m bench.replay`.

Each speaker of the corpus becomes a member; a line goes into the direct conversation of its speaker and
the one who is addressed, or else the speaker before. Afterwards every text must come back byte for byte,
in order, and sealed. The corpus stays outside the repository: `../shared/data/irc/`, or `--corpus`.
"""

import argparse
import gzip
import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from bench.people import confirmed_member, session_of
from bench.server import LocalServer

CORPUS = Path(__file__).resolve().parents[2] / "shared/data/irc/ubuntu-channel.tsv.gz"
CSRF = "x" * 32


@dataclass
class Talk:
    """One pair's conversation: who wrote what, in the order of the channel."""

    pair: tuple[str, str]
    #: Who opens it: the one with fewer conversations, since nobody may start many in an hour.
    starter: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    conversation: str = ""


def read_lines(corpus: Path, count: int) -> Iterator[tuple[str, str]]:
    with gzip.open(corpus, "rt", encoding="utf-8", newline="\n") as file:
        for _, line in zip(range(count), file, strict=False):
            _, speaker, text = line.rstrip("\n").split("\t", 2)
            yield speaker, text


def pair_up(lines: list[tuple[str, str]]) -> list[Talk]:
    """Who talks to whom: the one named before the first colon or comma, else the speaker before."""
    speakers = {speaker for speaker, _ in lines}
    talks: dict[tuple[str, str], Talk] = {}
    before = next(speaker for speaker in sorted(speakers) if speaker != lines[0][0])
    for speaker, text in lines:
        addressed = text.replace(",", ":", 1).split(":", 1)[0].strip()
        other = addressed if addressed in speakers and addressed != speaker else before
        if other == speaker:
            other = next(name for name in sorted(speakers) if name != speaker)
        first, second = sorted((speaker, other))
        talks.setdefault((first, second), Talk(pair=(first, second))).lines.append((speaker, text))
        before = speaker
    started: Counter[str] = Counter()
    for talk in talks.values():
        talk.starter = min(talk.pair, key=lambda name: started[name])
        started[talk.starter] += 1
    return list(talks.values())


def seed(speakers: list[str], talks: list[Talk]) -> tuple[dict[str, UUID], dict[str, str]]:
    """Members, friendships and one signed-in session each, in the database of the server."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "beyou.config.settings"
    django.setup()
    from django.db import transaction

    from beyou.friends.models import Friendship
    from beyou.users.models import User

    members: dict[str, User] = {}
    cookies: dict[str, str] = {}
    with transaction.atomic():
        for number, speaker in enumerate(speakers):
            members[speaker] = confirmed_member(f"speaker_{number}", speaker[:60])
            cookies[speaker] = session_of(members[speaker])
        pairs = [sorted((members[a].pk, members[b].pk)) for a, b in (talk.pair for talk in talks)]
        Friendship.objects.bulk_create([Friendship(first_id=low, second_id=high) for low, high in pairs])
    return {speaker: member.pk for speaker, member in members.items()}, cookies


class Client:
    """One keep-alive connection of one thread; acts for whichever member's cookie is given."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method: str, path: str, cookie: str, body: Any = None) -> Any:
        headers = {"Cookie": f"beyou-session={cookie}; beyou-csrf={CSRF}", "X-CSRFToken": CSRF}
        if body is not None:
            headers["Content-Type"] = "application/json"
        payload = orjson.dumps(body) if body is not None else None
        self._connection.request(method, path, payload, headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:300]!r}")
        return orjson.loads(data)


def send_all(port: int, talks: list[Talk], members: dict[str, UUID], cookies: dict[str, str]) -> list[float]:
    """Each worker replays whole conversations, in the channel's order; returns the ms of each send."""
    from beyou.core.ids import uuid7

    local = threading.local()

    def replay(talk: Talk) -> list[float]:
        if not hasattr(local, "client"):
            local.client = Client(port)
        other = next(name for name in talk.pair if name != talk.starter)
        started = local.client.call(
            "POST", "/api/v1/conversations", cookies[talk.starter], {"member": str(members[other])}
        )
        talk.conversation = started["id"]
        taken = []
        for speaker, text in talk.lines:
            before = time.perf_counter()
            draft = {"id": str(uuid7()), "text": text}
            path = f"/api/v1/conversations/{talk.conversation}/messages"
            local.client.call("POST", path, cookies[speaker], draft)
            taken.append((time.perf_counter() - before) * 1000)
        return taken

    with ThreadPoolExecutor(8) as pool:
        return [value for values in pool.map(replay, talks) for value in values]


def read_back(client: Client, talk: Talk, members: dict[str, UUID], cookie: str) -> list[str]:
    """Problems of one conversation: text, sender, order or seal that differ."""
    problems, after, seen = [], 0, []
    path = f"/api/v1/conversations/{talk.conversation}"
    while True:
        page = client.call("GET", f"{path}/messages?after={after}&limit=50", cookie)["items"]
        if not page:
            break
        seen += [(item["seq"], item["sender"], item["text"]) for item in page]
        after = page[-1]["seq"]
    wanted = [
        (number, str(members[speaker]), text) for number, (speaker, text) in enumerate(talk.lines, start=1)
    ]
    if seen != wanted:
        problems.append(f"{talk.conversation}: {len(seen)} of {len(wanted)} lines, or they differ")
    sealed, after = 0, 0
    while sealed < len(wanted):
        proofs = client.call("GET", f"{path}/proofs?after={after}&limit=50", cookie)
        if proofs["pending"] or not proofs["items"]:
            problems.append(f"{talk.conversation}: sealed {sealed} of {len(wanted)}")
            break
        sealed += len(proofs["items"])
        after = proofs["items"][-1]["seq"]
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    options = parser.parse_args()
    if not options.corpus.exists():
        sys.exit(f"The corpus is not at {options.corpus}; nothing was replayed.")
    lines = list(read_lines(options.corpus, options.lines))
    talks = pair_up(lines)
    speakers = sorted({name for talk in talks for name in talk.pair})
    with tempfile.TemporaryDirectory(prefix="beyou-replay-") as folder, LocalServer(Path(folder)) as server:
        server.join_environment()
        members, cookies = seed(speakers, talks)
        started = time.perf_counter()
        taken = send_all(server.port, talks, members, cookies)
        elapsed = time.perf_counter() - started
        server.wait_until_sealed()
        client, problems = Client(server.port), []
        by_size: dict[int, int] = defaultdict(int)
        for talk in talks:
            problems += read_back(client, talk, members, cookies[talk.pair[0]])
            by_size[len(talk.lines)] += 1
        taken.sort()
        print(
            f"replayed {len(taken)} lines of {len(speakers)} speakers in {len(talks)} conversations: "
            f"{len(taken) / elapsed:.0f} lines/s over HTTP, p50 {statistics.median(taken):.1f} ms, "
            f"p99 {taken[int(len(taken) * 0.99)]:.1f} ms; {len(problems)} problems"
        )
        for problem in problems[:20]:
            print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

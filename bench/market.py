"""The market with 100,000 items: beside the smallest authenticated page, and beside django-oscar's catalogue.

Oscar gets a fiftieth of the products, since its index takes minutes for more. BENCH_ITEMS is another number
of items, for a shorter look.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

from bench.common import Result, interleaved, median, milliseconds, percentile, table
from bench.oscar import NoShop, OscarShop
from bench.server import LocalServer

ITEMS = int(os.environ.get("BENCH_ITEMS", "100000"))
PRODUCTS = max(1, ITEMS // 50)
#: Each member may search sixty times a minute, so several do.
MEMBERS = 20
#: What the questions are, and how many seconds p95 may take.
SEARCHES = {
    "a word": "q=lamp",
    "a slip": "q=bycicle",
    "two words, cheapest": "q=old+lamp&sort=cheapest",
    "a word that few have": "q=stoneware",
}
FACETS = {
    "condition, price, delivery": "condition=good&low=10&high=50&delivery=sent",
    "region": "region=Ut&sort=dearest",
    "friends first": "friends=on",
}
P95 = 0.3


def main() -> list[Result]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beyou-bench-")))
        server = stack.enter_context(LocalServer(folder))
        _fill(server)
        talks = server.seed(talks=MEMBERS // 2)
        sessions = [session for talk in talks for session in talk.sessions]
        minimal = stack.enter_context(LocalServer(folder, module="bench.minimal", BEYOU_IN_PROCESS="0"))
        get = {
            "minimal": _get(minimal, "/minimal", sessions),
            "page": _get(server, "/market", sessions),
            "deep": _get(server, f"/market?after={_deep_place(server)}", sessions),
            **{
                name: _get(server, f"/market?{asked}", sessions)
                for name, asked in (SEARCHES | FACETS).items()
            },
        }
        reached = _results(interleaved(get, rounds=120, warm_up=MEMBERS))
        # At once, since building the other shop takes longer than all that was measured so far.
        print(table(reached), file=sys.stderr, flush=True)
        return [*reached, *_beside_oscar(stack, server, sessions)]


def _results(times: dict[str, list[float]]) -> list[Result]:
    smallest, page, deep = (median(times[side]) for side in ("minimal", "page", "deep"))
    worst = {
        kind: max(asked, key=lambda side: percentile(times[side], 95))
        for kind, asked in (("search", SEARCHES), ("facets", FACETS))
    }
    beside = f"smallest page {_both(times['minimal'])}"
    return [
        Result(f"catalogue, {ITEMS:,} items", _both(times["page"]), beside, page / smallest, 2),
        Result("deep in it", _both(times["deep"]), f"first page {milliseconds(page)}", deep / page, 1.5),
        *(
            Result(
                f"{kind}, p95: {side}",
                _both(times[side]),
                f"{milliseconds(P95)} at most",
                percentile(times[side], 95) / P95,
                1,
            )
            for kind, side in worst.items()
        ),
    ]  # fmt: skip


def _both(taken: Sequence[float]) -> str:
    return f"{milliseconds(median(taken))} / {milliseconds(percentile(taken, 95))}"


def _beside_oscar(stack: ExitStack, server: LocalServer, sessions: Sequence[str]) -> list[Result]:
    """Nothing where it cannot be installed, and a line that says why."""
    try:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="beyou-bench-oscar-"))
        shop = stack.enter_context(OscarShop(Path(made), PRODUCTS))
    except NoShop as reason:
        print(f"no django-oscar to measure beside: {reason}", file=sys.stderr)
        return []
    sides = {
        "page": _get(server, "/market", sessions),
        "search": _get(server, "/market?q=lamp", sessions),
        "its page": _get_open(shop.port, "/catalogue/"),
        "its search": _get_open(shop.port, "/search/?q=lamp"),
    }
    times = interleaved(sides, rounds=20, warm_up=2)
    return [
        Result(
            f"{side} beside django-oscar",
            _both(times[side]),
            f"with {PRODUCTS:,} products {_both(times[f'its {side}'])}",
            median(times[side]) / median(times[f"its {side}"]),
            0.2,
        )
        for side in ("page", "search")
    ]


def _fill(server: LocalServer) -> None:
    """The demo, with so many items more."""
    subprocess.run(
        [sys.executable, "-m", "beyou", "demo", "--items", str(ITEMS)],
        env=os.environ | server.environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _deep_place(server: LocalServer) -> str:
    """Behind nine tenths of what is listed."""
    ((listed_ms, item_id),) = server.rows(
        "SELECT listed_ms, id FROM marketplace_item WHERE state = 'available'"
        f" ORDER BY listed_ms DESC, id DESC LIMIT 1 OFFSET {ITEMS * 9 // 10}"
    )
    return f"o{listed_ms}-{item_id}"


def _get(server: LocalServer, path: str, sessions: Sequence[str]) -> Callable[[], None]:
    turns = cycle(sessions)
    return asking(server.port, path, lambda: {"Cookie": f"beyou-session={next(turns)}"})


def _get_open(port: int, path: str) -> Callable[[], None]:
    return asking(port, path, dict)


def asking(port: int, path: str, headers: Callable[[], dict[str, str]]) -> Callable[[], None]:
    """One request on a connection that stays open if the server lets it; raises without a page."""
    connection = HTTPConnection("127.0.0.1", port)

    def request() -> None:
        connection.request("GET", path, headers=headers())
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")

    return request


if __name__ == "__main__":
    print(table(main()))

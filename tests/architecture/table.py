"""Who may import whom: the table of the architecture, beside `core`, which everybody may import."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "beyou"

#: app → the apps whose public modules it may call, lowest rank first.
MAY_CALL: dict[str, frozenset[str]] = {
    app: frozenset(callees.split())
    for app, callees in {
        "core": "",
        "audit": "",
        "media": "",
        "users": "audit media",
        "keys": "audit media users",
        "verification": "audit media users",
        "blocks": "audit media users",
        "privacy": "audit media users",
        "notifications": "audit media users blocks",
        "ledger": "audit media users",
        "friends": "audit media users verification blocks notifications",
        "messaging": "audit media users keys verification blocks notifications friends ledger",
        "console": "audit media users keys verification blocks notifications friends ledger messaging"
        " privacy",
        "config": "audit media users keys verification blocks notifications friends ledger messaging"
        " privacy console",
    }.items()
}

#: app → further apps below it of which it may import `events` alone, to react to them.
MAY_HEAR: dict[str, frozenset[str]] = {
    "ledger": frozenset({"keys"}),
    "notifications": frozenset({"privacy", "verification"}),
}

#: What other apps may import of an app.
PUBLIC = frozenset({"services", "queries", "events", "errors", "http"})

#: Pure formats and ports that an app lends to the apps above it.
ALSO_PUBLIC: dict[str, frozenset[str]] = {
    "users": frozenset({"account_recovery", "deletion", "rules"}),
    "keys": frozenset({"rules"}),
    "verification": frozenset({"rules"}),
    "notifications": frozenset({"rules"}),
    "ledger": frozenset({"format", "sources"}),
}

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
        "instance": "audit media",
        "users": "audit media instance",
        "keys": "audit media users",
        "verification": "audit media users",
        "blocks": "audit media users",
        "privacy": "audit media users",
        "automod": "audit media users",
        "notifications": "audit media users blocks",
        "ledger": "audit media users",
        "search": "audit media users",
        "payments": "audit media users notifications",
        "friends": "audit media users verification blocks notifications",
        "sandbox": "audit media users payments",
        "messaging": "audit media users keys verification blocks automod notifications friends ledger",
        "marketplace": "audit media users verification blocks automod notifications ledger search friends",
        "offers": "audit media users verification blocks notifications marketplace",
        "orders": "audit media users verification blocks notifications ledger payments marketplace offers",
        "disputes": "audit media users notifications friends messaging orders",
        "reviews": "audit media users verification blocks notifications ledger friends marketplace orders",
        "analytics": "audit media users verification ledger messaging payments marketplace offers orders"
        " disputes reviews",
        "moderation": "audit media users friends notifications ledger",
        "reports": "audit media users blocks automod notifications friends messaging marketplace orders"
        " moderation",
        "health": "audit users verification notifications ledger payments disputes reports",
        "console": "audit media instance users keys verification blocks automod notifications friends ledger"
        " messaging privacy payments marketplace offers orders disputes reviews analytics moderation"
        " reports health",
        "backroom": "audit users",
        "config": "audit media instance users keys verification blocks automod notifications friends ledger"
        " messaging privacy search payments sandbox marketplace offers orders disputes reviews analytics"
        " moderation reports health console backroom",
    }.items()
}

#: app → further apps below it of which it may import `events` alone, to react to them.
MAY_HEAR: dict[str, frozenset[str]] = {
    "ledger": frozenset({"keys"}),
    "notifications": frozenset({"privacy", "verification"}),
}

#: What other apps may import of an app.
PUBLIC = frozenset({"services", "queries", "events", "errors", "http", "figures"})

#: Pure formats and ports that an app lends to the apps above it.
ALSO_PUBLIC: dict[str, frozenset[str]] = {
    "instance": frozenset({"announcements", "invitations", "options", "rules"}),
    "users": frozenset(
        {
            *("account_recovery", "address_blocks", "address_rules", "deletion", "joining", "rules"),
            *("retention", "security_log", "sign_in_log", "staff_queries"),
        }
    ),
    "keys": frozenset({"rules"}),
    "verification": frozenset({"rules"}),
    "automod": frozenset({"rules"}),
    "notifications": frozenset({"rules"}),
    "ledger": frozenset({"format", "sources", "steps"}),
    "messaging": frozenset({"quoting"}),
    "payments": frozenset({"gateways", "rules"}),
    "sandbox": frozenset({"client"}),
    "marketplace": frozenset({"rules"}),
    "offers": frozenset({"rules"}),
    "orders": frozenset({"rules"}),
    "disputes": frozenset({"rules"}),
    "analytics": frozenset({"rules"}),
    "moderation": frozenset({"forms", "rules"}),
    "reports": frozenset({"forms", "rules"}),
    "health": frozenset({"checks", "rules"}),
}

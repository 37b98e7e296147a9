"""Which staff pages there are and which level opens them."""

from collections.abc import Collection
from dataclasses import dataclass

from beyou.users.rules import Level, has_level


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the staff pages' navigation. `view` is the name of its address; no level means any."""

    view: str
    title: str
    icon: str
    level: Level | None
    #: What follows `g` on the keyboard.
    key: str = ""


PAGES = (
    Page("console:start", "Start", "house", None, "h"),
    Page("console:queue", "Queue", "badge-check", Level.VERIFIER, "q"),
    Page("console:claims", "Claims", "scale", Level.FINANCE, "d"),
    Page("console:reports", "Reports", "flag", Level.MODERATOR, "p"),
    Page("console:automatic-help", "Automatic help", "sparkles", Level.MODERATOR, "b"),
    Page("console:members", "Members", "user", Level.MODERATOR, "m"),
    Page("console:decisions", "Decisions", "gavel", Level.MODERATOR, "w"),
    Page("console:joining", "Joining", "user-plus", Level.MODERATOR, "j"),
    Page("console:staff", "Staff", "users", Level.OWNER, "s"),
    Page("console:recoveries", "Recovery", "key-round", Level.VERIFIER, "r"),
    Page("console:alerts", "Alerts", "shield-alert", Level.MODERATOR, "l"),
    Page("console:sign-ins", "Sign-ins", "log-in", Level.MODERATOR, "n"),
    Page("console:items", "Items", "package", Level.MODERATOR, "i"),
    Page("console:categories", "Categories", "menu", Level.MODERATOR, "c"),
    Page("console:figures-start", "Figures", "chart-column", Level.AUDITOR, "f"),
    Page("console:health", "Health", "activity", Level.AUDITOR, "e"),
    Page("console:announcements", "Announcements", "bell", Level.MODERATOR, "o"),
    Page("console:settings", "Settings", "settings", Level.OWNER, "t"),
    Page("console:audit", "Audit", "eye", Level.AUDITOR, "a"),
)


def pages_for(levels: Collection[str]) -> tuple[Page, ...]:
    """The pages that somebody with these levels may open."""
    if not levels:
        return ()
    return tuple(page for page in PAGES if page.level is None or has_level(levels, page.level))

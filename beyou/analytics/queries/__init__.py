"""Reading figures: a seller's own, and the instance's."""

from beyou.analytics.queries.instance import Figure, Kept, Overview, Table, daily_file, overview
from beyou.analytics.queries.selling import (
    MOST_ITEMS,
    Dashboard,
    ItemLine,
    ToDo,
    Totals,
    dashboard,
    item_lines,
    to_do,
)

__all__ = [
    "MOST_ITEMS",
    "Dashboard",
    "Figure",
    "ItemLine",
    "Kept",
    "Overview",
    "Table",
    "ToDo",
    "Totals",
    "daily_file",
    "dashboard",
    "item_lines",
    "overview",
    "to_do",
]

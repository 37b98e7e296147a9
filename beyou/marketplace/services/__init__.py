"""Writing offers, one file per use case."""

from beyou.marketplace.services.categories import (
    add_category,
    place_category,
    rename_category,
    retire_category,
)
from beyou.marketplace.services.edit import save_item
from beyou.marketplace.services.erase import erase_member
from beyou.marketplace.services.index import rebuild
from beyou.marketplace.services.likes import like, unlike
from beyou.marketplace.services.match import match_new
from beyou.marketplace.services.pictures import add_picture, arrange_pictures, remove_picture
from beyou.marketplace.services.reserve import (
    Gone,
    consume,
    extend,
    give_back,
    release,
    reserve,
    sweep,
)
from beyou.marketplace.services.searches import change_search, delete_search, look_at, save_search
from beyou.marketplace.services.steps import delete_draft, take_step
from beyou.marketplace.services.suspend import restore, suspend
from beyou.marketplace.services.terms import set_terms
from beyou.marketplace.services.watch import let_through, send_back

__all__ = [
    "Gone",
    "add_category",
    "add_picture",
    "arrange_pictures",
    "change_search",
    "consume",
    "delete_draft",
    "delete_search",
    "erase_member",
    "extend",
    "give_back",
    "let_through",
    "like",
    "look_at",
    "match_new",
    "place_category",
    "rebuild",
    "release",
    "remove_picture",
    "rename_category",
    "reserve",
    "restore",
    "retire_category",
    "save_item",
    "save_search",
    "send_back",
    "set_terms",
    "suspend",
    "sweep",
    "take_step",
    "unlike",
]

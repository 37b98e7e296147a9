"""Axe, the console and the width on every page of trading, for a seller and a buyer, in both themes."""

from typing import Any

from tests.browser.conftest import Person
from tests.browser.server import Server
from tests.browser.test_look import SHAPES, SIZES, findings, overhear, settled

_TRADE = """
from beyou.config import demo_market, demo_trades
from beyou.marketplace.models import Item
from beyou.marketplace.rules import State
from beyou.offers.models import Offer
from beyou.orders import services as orders
from beyou.orders.models import SubOrder
from beyou.users import services as users
from beyou.users.models import User
demo_market.ITEMS = demo_market.ITEMS[:12]
sellers = [User.objects.get(handle=handle).pk for handle in ("tilda_trades", "theo_trades", "tess_trades")]
for each in sellers:
    users.mark_verified(member_id=each)
demo_market.haggle(sellers, demo_market.sell(sellers))
demo_trades.trade(sellers)
first, second, third = sellers
left = Item.objects.filter(seller_id=third, state=State.AVAILABLE).last()
orders.put(member_id=first, variant_id=left.variants.first().pk, quantity=1)
sold = SubOrder.objects.get(seller_id=first)
bought = SubOrder.objects.get(order__buyer_id=first).order
mine = Item.objects.filter(seller_id=first, state=State.AVAILABLE).first()
offer = Offer.objects.filter(seller_id=first).first()
print(" ".join([
    f"/market/i/{left.pk}", f"/market/sell/{mine.pk}", f"/selling/orders/{sold.number}",
    f"/orders/{bought.number}", f"/ratings/{sold.number}", f"/offers/{offer.pk}",
]))
"""

ADDRESSES = [
    "/market", "/market?q=nothing-fits-this", "/market/favourites", "/market/searches", "/cart", "/orders",
    "/selling", "/selling?days=365", "/selling/items", "/selling/orders", "/selling/money", "/selling/terms",
    "/selling/vouchers", "/offers", "/claims", "/market/sellers/tilda_trades",
]  # fmt: skip


def test_nothing_is_wrong_on_the_pages_of_trading(live: Server, person: Person) -> None:
    trader = person("tilda_trades", reduced_motion="reduce")
    for other in ("theo_trades", "tess_trades"):
        person(other)
    own: list[str] = live.run(_TRADE).strip().splitlines()[-1].split()
    page = trader.pages[0]
    faults: list[str] = []
    overhear(page, "trading", faults)

    def look(address: str) -> None:
        for name, theme in [*SHAPES, ("small", "light")]:
            width, height = SIZES.get(name, (320, 640))
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # light or dark
            wide: Any = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                faults.append(f"{address} {name}: {wide} pixels wide")
            if name in SIZES:
                faults.extend(f"{address} {name} {theme}: {found}" for found in findings(page))

    for address in [*ADDRESSES, *own]:
        assert settled(page, live.origin + address).status == 200, address
        look(address)
    # A cart becomes a checkout by its button.
    page.goto(f"{live.origin}/cart")
    page.get_by_role("button", name="Check out").click()
    page.wait_for_url("**/checkout")
    look("/checkout")
    assert faults == []

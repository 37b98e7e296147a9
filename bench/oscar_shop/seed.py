"""`python -m bench.oscar_shop.seed N`: a shop with so many products, in its index, too."""

import random
import sys
from decimal import Decimal

import django

_ADJECTIVES = ("Small", "Large", "Old", "New", "Blue", "Red", "Green", "Heavy", "Light", "Quiet")
_THINGS = ("lamp", "bicycle", "mug", "keyboard", "coat", "camera", "table", "shoe", "book", "guitar")


def main(count: int) -> None:
    django.setup()
    from django.core.management import call_command
    from oscar.apps.catalogue.categories import create_from_breadcrumbs
    from oscar.core.loading import get_model

    call_command("migrate", verbosity=0)
    dice = random.Random(count)
    kind = get_model("catalogue", "ProductClass").objects.create(name="Thing", track_stock=True)
    categories = [create_from_breadcrumbs(f"All > Part {number}") for number in range(20)]
    partner = get_model("partner", "Partner").objects.create(name="Seller")
    product, placed = get_model("catalogue", "Product"), get_model("catalogue", "ProductCategory")
    titles = [f"{dice.choice(_ADJECTIVES)} {dice.choice(_THINGS)} {number}" for number in range(count)]
    rows = product.objects.bulk_create(
        product(title=title, slug=f"p-{number}", upc=str(number), product_class=kind, description=title)
        for number, title in enumerate(titles)
    )
    placed.objects.bulk_create(placed(product=row, category=dice.choice(categories)) for row in rows)
    stock = get_model("partner", "StockRecord")
    stock.objects.bulk_create(
        stock(product=row, partner=partner, partner_sku=row.upc, num_in_stock=1,
              price=Decimal(dice.randint(100, 50_000)) / 100)
        for row in rows
    )  # fmt: skip
    call_command("rebuild_index", interactive=False, verbosity=0)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""A first tree of categories, which staff may change afterwards."""

from typing import Any

from django.db import migrations

TREE = (
    (
        "electronics",
        "Electronics",
        (("phones", "Phones"), ("computers", "Computers"), ("audio", "Audio"), ("cameras", "Cameras")),
    ),
    (
        "home",
        "Home and garden",
        (("furniture", "Furniture"), ("lamps", "Lamps"), ("kitchen", "Kitchen"), ("garden", "Garden")),
    ),
    (
        "clothing",
        "Clothing",
        (("women", "Women"), ("men", "Men"), ("shoes", "Shoes"), ("accessories", "Accessories")),
    ),
    (
        "family",
        "Children and family",
        (("toys", "Toys"), ("baby", "Baby"), ("children-clothing", "Children's clothing")),
    ),
    (
        "books",
        "Books and media",
        (("novels", "Novels"), ("textbooks", "Textbooks"), ("records", "Records"), ("films", "Films")),
    ),
    (
        "sports",
        "Sports and outdoors",
        (("bicycles", "Bicycles"), ("climbing", "Climbing"), ("camping", "Camping")),
    ),
    ("art", "Art and handmade", (("ceramics", "Ceramics"), ("prints", "Prints"), ("jewellery", "Jewellery"))),
    ("music", "Music", (("instruments", "Instruments"), ("studio", "Studio"))),
    ("tools", "Tools and DIY", (("hand-tools", "Hand tools"), ("power-tools", "Power tools"))),
    ("other", "Everything else", ()),
)


def plant(apps: Any, schema_editor: Any) -> None:
    category = apps.get_model("marketplace", "Category")
    for position, (slug, name, branches) in enumerate(TREE):
        parent = category.objects.create(slug=slug, name=name, position=position)
        for place, (branch, words) in enumerate(branches):
            category.objects.create(slug=branch, name=words, position=place, parent=parent)


def fell(apps: Any, schema_editor: Any) -> None:
    category = apps.get_model("marketplace", "Category")
    category.objects.exclude(parent=None).delete()
    category.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0001_initial")]
    operations = [migrations.RunPython(plant, fell)]

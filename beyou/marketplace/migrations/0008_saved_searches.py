"""Searches with a name and a switch, keys to find them by, and hits that outlive them.

No page could save a search before, so there are no rows to keep.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import beyou.core.clock
import beyou.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("marketplace", "0007_seller_terms"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.DeleteModel(name="SearchHit"),
        migrations.DeleteModel(name="SavedSearch"),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=beyou.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("wanted", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=32)),
                ("alerts", models.BooleanField(default=True)),
                ("looked_at", models.DateTimeField(default=beyou.core.clock.now)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("member", "digest"), name="market_search_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=80)),
                (
                    "search",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="marketplace.savedsearch",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key", "search"], name="market_search_key")],
            },
        ),
        migrations.CreateModel(
            name="NewlyListed",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="marketplace.item"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SearchHit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=beyou.core.clock.now)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="marketplace.item"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="hits",
                        to="marketplace.savedsearch",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("member", "item"), name="market_told_once")],
            },
        ),
    ]

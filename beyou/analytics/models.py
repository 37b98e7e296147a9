"""Counted figures: numbers by day, and nobody's name or address."""

from django.db import models


class ItemDay(models.Model):
    """How often an item was looked at and put into a cart on one day (UTC), by others than its seller."""

    id = models.BigAutoField(primary_key=True)
    item_id = models.UUIDField()
    seller = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField(db_index=True)
    views = models.PositiveIntegerField(default=0)
    carts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item_id", "day"], name="analytics_item_day")]
        indexes = [models.Index(fields=["seller", "day"], name="analytics_seller_day")]

    def __str__(self) -> str:
        return f"{self.item_id} on {self.day}: {self.views} views, {self.carts} carts"


class DayFigure(models.Model):
    """One figure of one day (UTC). `key` says of what, where the figure is counted for several things."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    name = models.CharField(max_length=40)
    key = models.CharField(max_length=80, blank=True)
    value = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "day", "key"], name="analytics_day_figure")]
        indexes = [models.Index(fields=["day"], name="analytics_day")]

    def __str__(self) -> str:
        return f"{self.name} {self.key} on {self.day}: {self.value}"

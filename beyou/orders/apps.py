from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "beyou.orders"

    def ready(self) -> None:
        from beyou.ledger import sources
        from beyou.orders import own_data, reactions  # noqa: F401  (register themselves)
        from beyou.orders.sources import StoredOrders

        sources.use_steps("orders", StoredOrders())

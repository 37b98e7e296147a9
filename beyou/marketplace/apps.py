from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "beyou.marketplace"

    def ready(self) -> None:
        from beyou.marketplace import own_data, reactions  # noqa: F401  (register themselves)

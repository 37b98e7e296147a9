from django.apps import AppConfig


class OffersConfig(AppConfig):
    name = "beyou.offers"
    label = "offers"

    def ready(self) -> None:
        from beyou.offers import own_data, reactions  # noqa: F401

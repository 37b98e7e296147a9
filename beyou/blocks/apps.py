from django.apps import AppConfig


class BlocksConfig(AppConfig):
    name = "beyou.blocks"

    def ready(self) -> None:
        from beyou.blocks import own_data, reactions  # noqa: F401  (register themselves)

from django.apps import AppConfig


class KeysConfig(AppConfig):
    name = "beyou.keys"

    def ready(self) -> None:
        from beyou.keys import own_data, reactions  # noqa: F401  (register themselves)

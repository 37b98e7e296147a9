from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "beyou.console"

    def ready(self) -> None:
        from beyou.console import own_data, reactions  # noqa: F401  (register themselves)

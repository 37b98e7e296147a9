from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "beyou.ledger"

    def ready(self) -> None:
        from beyou.ledger import reactions  # noqa: F401  (registers its handlers)

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "beyou.ledger"

    def ready(self) -> None:
        from beyou.ledger import own_data, reactions  # noqa: F401  (register themselves)

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "beyou.ledger"

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "beyou.messaging"

    def ready(self) -> None:
        """Shows the ledger its messages and the sockets their frames."""
        from beyou.ledger import sources
        from beyou.messaging import frames, own_data, reactions  # noqa: F401  (register themselves)
        from beyou.messaging.sources import StoredMessages

        sources.use(StoredMessages())

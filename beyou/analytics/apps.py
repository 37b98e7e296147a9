from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "beyou.analytics"

    def ready(self) -> None:
        from beyou.analytics import interest, own_data, reactions  # noqa: F401  (register themselves)
        from beyou.core.ports import interest as port

        port.use(interest.Counter())

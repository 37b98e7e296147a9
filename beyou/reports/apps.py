from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "beyou.reports"

    def ready(self) -> None:
        from beyou.reports import own_data, reactions  # noqa: F401  (register themselves)

from django.apps import AppConfig


class DisputesConfig(AppConfig):
    name = "beyou.disputes"

    def ready(self) -> None:
        from beyou.disputes import own_data, reactions  # noqa: F401  (register themselves)

from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "beyou.health"

    def ready(self) -> None:
        from beyou.health import reactions  # noqa: F401  (registers itself)

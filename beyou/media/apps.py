from django.apps import AppConfig


class MediaConfig(AppConfig):
    name = "beyou.media"

    def ready(self) -> None:
        from beyou.media import reactions  # noqa: F401  (registers its job)

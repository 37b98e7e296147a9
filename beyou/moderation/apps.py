from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "beyou.moderation"

    def ready(self) -> None:
        from beyou.moderation import own_data, reactions  # noqa: F401  (register themselves)

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "beyou.privacy"

    def ready(self) -> None:
        from beyou.privacy import own_data, reactions  # noqa: F401  (register themselves)

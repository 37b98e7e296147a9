from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "beyou.verification"

    def ready(self) -> None:
        from beyou.verification import own_data, reactions  # noqa: F401  (register themselves)

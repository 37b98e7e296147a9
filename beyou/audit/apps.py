from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "beyou.audit"

    def ready(self) -> None:
        from beyou.audit import own_data  # noqa: F401  (registers itself)

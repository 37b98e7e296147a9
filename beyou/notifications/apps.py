from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "beyou.notifications"

    def ready(self) -> None:
        """Lets facts reach their handlers."""
        from beyou.notifications import own_data, reactions  # noqa: F401  (register themselves)

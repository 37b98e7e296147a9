from django.apps import AppConfig


class FriendsConfig(AppConfig):
    name = "beyou.friends"

    def ready(self) -> None:
        from beyou.friends import reactions  # noqa: F401  (registers its handlers)

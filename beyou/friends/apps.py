from django.apps import AppConfig


class FriendsConfig(AppConfig):
    name = "beyou.friends"

    def ready(self) -> None:
        from beyou.friends import own_data, reactions  # noqa: F401  (register themselves)

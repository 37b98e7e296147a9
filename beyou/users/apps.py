from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "beyou.users"

    def ready(self) -> None:
        """Lets facts about accounts reach their handlers, and sockets know tokens."""
        from beyou.core.ports import tokens
        from beyou.users import alert_reactions, own_data, reactions  # noqa: F401  (register themselves)
        from beyou.users.access_tokens import bearer_of

        tokens.use(bearer_of)

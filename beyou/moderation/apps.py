from django.apps import AppConfig


class ModerationConfig(AppConfig):
    name = "beyou.moderation"

    def ready(self) -> None:
        from beyou.core.ports import strikes
        from beyou.moderation import own_data, queries, reactions  # noqa: F401  (register themselves)

        strikes.use(queries.strikes_of)

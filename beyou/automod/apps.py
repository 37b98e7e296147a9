from django.apps import AppConfig


class AutomodConfig(AppConfig):
    name = "beyou.automod"

    def ready(self) -> None:
        from beyou.automod import own_data, reactions, services  # noqa: F401  (register themselves)
        from beyou.core.ports import texts

        texts.use(lambda member_id, text: services.read_profile(member_id=member_id, text=text))

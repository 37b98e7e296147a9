from django.apps import AppConfig


class InstanceConfig(AppConfig):
    name = "beyou.instance"

    def ready(self) -> None:
        from beyou.core.ports import naming
        from beyou.instance import queries

        naming.use(lambda: queries.current().name)

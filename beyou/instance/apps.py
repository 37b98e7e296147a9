from django.apps import AppConfig


class InstanceConfig(AppConfig):
    name = "beyou.instance"

    def ready(self) -> None:
        from beyou.core.ports import naming, options
        from beyou.instance import own_data, queries  # noqa: F401  (registers itself)

        naming.use(lambda: queries.current().name)
        options.use(queries.option)

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    name = "beyou.sandbox"

    def ready(self) -> None:
        """The bank answers, and tells by itself."""
        from beyou.payments import gateways
        from beyou.sandbox import reactions  # noqa: F401  (registers itself)
        from beyou.sandbox.client import SandboxGateway

        gateways.register(SandboxGateway.name, SandboxGateway)

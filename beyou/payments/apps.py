from django.apps import AppConfig
from django.conf import settings


class PaymentsConfig(AppConfig):
    name = "beyou.payments"

    def ready(self) -> None:
        """Lets the work begin and gateways be chosen."""
        from beyou.payments import gateways, own_data, reactions  # noqa: F401  (register themselves)

        # The library is an extra: only who charges by Stripe needs it.
        if settings.STRIPE_SECRET_KEY:
            from beyou.payments.gateways.stripe import StripeGateway

            gateways.register(StripeGateway.name, StripeGateway)

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "beyou.reviews"

    def ready(self) -> None:
        from beyou.core.ports import reputation
        from beyou.ledger import sources
        from beyou.reviews import own_data, queries, reactions  # noqa: F401  (register themselves)
        from beyou.reviews.sources import StoredRatings

        reputation.use(queries.Reputation())
        sources.use_steps("reviews", StoredRatings())

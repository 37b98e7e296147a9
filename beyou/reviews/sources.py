"""Shows the ledger whether ratings are stored as they were recorded."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from beyou.ledger.sources import Difference, StoredStep
from beyou.ledger.steps import Step
from beyou.reviews.models import Rating
from beyou.reviews.rules import facts_of


class StoredRatings:
    """The ledger's `StepSource` of `reviews`; each method is one statement."""

    def part_ids(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        rows = Rating.objects.exclude(number=None).order_by("exchange_id")
        found = rows.filter(exchange_id__gt=after) if after else rows
        return list(found.values_list("exchange_id", flat=True).distinct()[:limit])

    def differences(self, steps: Mapping[UUID, Sequence[StoredStep]]) -> Iterator[Difference]:
        stored: dict[UUID, dict[UUID, Rating]] = {part_id: {} for part_id in steps}
        rows = Rating.objects.filter(exchange_id__in=list(steps)).exclude(number=None)
        for row in rows.select_related("author", "subject"):
            stored[row.exchange_id][row.author_id] = row
        for part_id, taken in steps.items():
            # Of a rating that was reworded the last step counts.
            said = {step.actor_id: step for step in taken if step.step is Step.RATED and step.actor_id}
            for author_id in said.keys() | stored[part_id].keys():
                detail = _difference(stored[part_id].get(author_id), said.get(author_id))
                if detail:
                    yield Difference(part_id, f"rating by {author_id} of order part {part_id}", detail)


def _difference(rating: Rating | None, step: StoredStep | None) -> str:
    if rating is None:
        return "is hidden: it was recorded, and is not shown any more"
    if step is None:
        return "is shown, but was never recorded"
    if step.facts is None:
        return ""
    now = facts_of(rating.side, rating.number or 0, rating.stars, rating.text)
    if rating.author.is_erased or rating.subject.is_erased:
        # Their words are gone on purpose.
        now["text_sha256"] = step.facts.get("text_sha256")
    changed = [name for name in sorted(now) if now[name] != step.facts.get(name)]
    return f"says something else than was recorded: {', '.join(changed)}" if changed else ""

"""Staff take away what was reported, and it comes back when the decision is taken back."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from beyou.audit.services import record
from beyou.core import clock, keyring
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ports import options
from beyou.core.transactions import retried
from beyou.marketplace import services as market
from beyou.marketplace.errors import StepImpossible
from beyou.media.services import delete_media
from beyou.messaging import services as messages
from beyou.moderation import queries as moderation
from beyou.moderation import services as decisions
from beyou.moderation.rules import REASONS, Kind, Reason
from beyou.moderation.rules import State as Standing
from beyou.reports import queries, rules
from beyou.reports.models import Removal, RemovedMessage
from beyou.reports.rules import Outcome, Part, Target
from beyou.reports.services.decide import end, held
from beyou.users import services as members

if TYPE_CHECKING:
    from beyou.moderation.models import Sanction


@retried
def remove(
    *,
    actor_id: UUID,
    case_id: UUID,
    parts: Sequence[Part],
    reason: Reason,
    words: str,
    answer: str = "",
) -> "Sanction":
    """The chosen parts of what was reported are gone for everybody, and whoever answers for it reads why and
    can object; kept aside they come back when the decision is taken back.

    Raises what every decision of a case raises, what `moderation.services.sanction` and
    `marketplace.services.suspend` raise, and `InvalidInput` for parts that the target does not have.
    """
    row = held(actor_id, case_id)
    wanted = list(dict.fromkeys(parts))
    if not wanted or not set(wanted) <= set(rules.REMOVABLE.get(Target(row.target), ())):
        raise InvalidInput("Choose what to take away. Orders cannot be, and messages are chosen one by one.")
    if not words.strip():
        raise InvalidInput("Say what the member reads.")
    made = decisions.sanction(
        actor_id=actor_id,
        member_id=row.about_id,
        kind=Kind.REMOVAL,
        reason=reason,
        words=rules.told(wanted, words.strip()),
    )
    kept = Removal(sanction=made)
    if Part.ITEM in wanted:
        market.suspend(
            actor_id=actor_id,
            item_id=row.target_id,
            reason=f"{REASONS[reason]}. You read more at /decisions.",
        )
        kept.item_id = row.target_id
    else:
        _empty(kept, row.about_id, wanted)
    kept.save(force_insert=True)
    row.sanction = made
    end(row, actor_id, Outcome.REMOVED, answer)
    return made


@retried
def remove_messages(
    *,
    actor_id: UUID,
    case_id: UUID,
    message_ids: Sequence[UUID],
    reason: Reason,
    words: str,
    answer: str = "",
) -> "Sanction":
    """The chosen messages of the case cannot be read any more: in their place stands that the staff removed
    them, and why. Their author reads more and can object; they come back when the decision is taken back.

    Raises what every decision of a case raises, what `moderation.services.sanction` and
    `messaging.services.withhold` raise, and `InvalidInput` for messages that are not in the case, that
    somebody else wrote, or that are end-to-end encrypted and could not be verified.
    """
    row = held(actor_id, case_id)
    wanted = list(dict.fromkeys(message_ids))
    removable = {each.row.message_id for each in queries.messages_of(row) if each.can_be_removed}
    if not wanted or not set(wanted) <= removable:
        raise InvalidInput("Choose messages of this case that can be removed.")
    if not words.strip():
        raise InvalidInput("Say what the author reads.")
    made = decisions.sanction(
        actor_id=actor_id,
        member_id=row.about_id,
        kind=Kind.REMOVAL,
        reason=reason,
        words=rules.told_of_messages(len(wanted), words.strip()),
    )
    messages.withhold(message_ids=wanted, sender_id=row.about_id, why=REASONS[reason])
    kept = Removal.objects.create(sanction=made)
    RemovedMessage.objects.bulk_create(RemovedMessage(removal=kept, message_id=each) for each in wanted)
    for each in wanted:
        record(act="member.message_removed", actor_id=actor_id, subject_id=row.about_id, object_id=each)
    row.sanction = made
    end(row, actor_id, Outcome.REMOVED, answer)
    return made


def _empty(kept: Removal, member_id: UUID, wanted: Sequence[Part]) -> None:
    text, kept.media_id = members.empty_profile(
        member_id=member_id, text=Part.TEXT in wanted, picture=Part.PICTURE in wanted
    )
    if not text and kept.media_id is None:
        raise InvalidInput("There is nothing left of what you chose: the member took it away.")
    if text:
        kept.text = keyring.seal_field(text, table="reports", column="removed", row_id=kept.pk)


@transaction.atomic
def put_back(*, sanction_id: UUID) -> None:
    """What was taken away is there again, once the decision was taken back; a repeat changes nothing. What
    its member did meanwhile stands: other words in the profile, or an item that is sold.
    """
    kept = Removal.objects.select_for_update().filter(sanction_id=sanction_id).first()
    sanction = moderation.sanction_of(sanction_id)
    if kept is None or sanction is None or sanction.state != Standing.LIFTED:
        return
    message_ids = _messages_of(kept)
    kept.delete()
    actor_id = sanction.lifted_by_id
    if message_ids:
        messages.give_back(message_ids=message_ids)
    elif kept.item_id is not None and actor_id is not None:
        # Erased meanwhile, or put back by hand.
        with suppress(NotFound, StepImpossible):
            market.restore(actor_id=actor_id, item_id=kept.item_id)
    else:
        text = (
            keyring.open_field(bytes(kept.text), table="reports", column="removed", row_id=sanction_id)
            if kept.text
            else ""
        )
        members.refill_profile(member_id=sanction.member_id, text=text, picture_id=kept.media_id)
    record(
        act="member.content_put_back", actor_id=actor_id, subject_id=sanction.member_id, object_id=sanction_id
    )


def _messages_of(kept: Removal) -> list[UUID]:
    return list(RemovedMessage.objects.filter(removal=kept).values_list("message_id", flat=True))


def forget_removed(limit: int = 100) -> int:
    """What was taken away long ago is gone for good, unless an objection waits for its answer or its return
    is on the way. Returns how many were.
    """
    due = queries.removed_before(clock.now() - options.kept_for("evidence_days")).order_by("created_at")
    found = list(due.values_list("sanction_id", flat=True)[:limit])
    return sum(_forget(each) for each in found)


@transaction.atomic
def _forget(sanction_id: UUID) -> int:
    kept = Removal.objects.select_for_update().filter(sanction_id=sanction_id).first()
    if kept is None:
        return 0
    messages.destroy_withheld(message_ids=_messages_of(kept))
    kept.delete()
    if kept.media_id is not None:
        delete_media(media_id=kept.media_id)
    return 1

"""A member reports something."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from beyou.core import clock, keyring, limits
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.ids import uuid7
from beyou.core.transactions import retried
from beyou.media.services import Purpose, images_kept
from beyou.messaging import quoting
from beyou.messaging.quoting import Opening, Quote
from beyou.moderation.rules import Reason
from beyou.reports import queries, rules
from beyou.reports.errors import AlreadyReported
from beyou.reports.models import Case, Report, Shown
from beyou.reports.queries import Aim
from beyou.reports.rules import Target
from beyou.reports.services.telling import tell_queue, tell_staff


def report(
    *,
    reporter_id: UUID,
    target: Target,
    key: str,
    reason: Reason,
    words: str = "",
    pictures: Sequence[bytes] = (),
    message_ids: Sequence[UUID] = (),
    openings: Mapping[UUID, Opening] | None = None,
) -> Report:
    """The staff have it: what the reporter says, what the target says at this moment, screenshots, and
    messages of the two. An end-to-end one says what its opening says, once that fits what its sender
    committed to. Further messages of the same member join the report that is open.

    Raises what `queries.aim` raises, `AlreadyReported`, `InvalidInput`, `BadOpening`, `RateLimited` and what
    `media.services.store_image` raises; then nothing happened.
    """
    found = queries.aim(reporter_id, target, key)
    _check(found, words, pictures, message_ids)
    if target is not Target.MESSAGES and queries.open_report(reporter_id, found) is not None:
        raise _ALREADY
    limits.check("reports.member", str(reporter_id))
    quotes = _quotes(reporter_id, found, message_ids, openings or {})
    with images_kept(owner_id=reporter_id, pictures=pictures, purpose=Purpose.EVIDENCE) as kept:
        return _report(reporter_id, found, reason, words.strip(), kept, quotes)


_ALREADY = AlreadyReported("We have it and will look at it. You find it among your reports.")


def _check(found: Aim, words: str, pictures: Sequence[bytes], message_ids: Sequence[UUID]) -> None:
    if len(words) > rules.MOST_WORDS:
        raise InvalidInput(f"Say it in up to {rules.MOST_WORDS} characters.")
    if rules.needs_words(found.target) and not words.strip():
        raise InvalidInput("Say what is wrong: our staff read it.")
    if found.target is Target.MESSAGES and not message_ids:
        raise InvalidInput("Tick the messages that our staff should read.")
    if found.target is not Target.MESSAGES and message_ids:
        raise InvalidInput("Messages are reported by themselves.")
    if len(set(message_ids)) > rules.MOST_MESSAGES:
        raise InvalidInput(f"Show at most {rules.MOST_MESSAGES} messages at once.")
    if len(pictures) > rules.MOST_PICTURES:
        raise InvalidInput(f"Show at most {rules.MOST_PICTURES} pictures. What you wrote is kept.")


def _quotes(
    reporter_id: UUID, found: Aim, message_ids: Sequence[UUID], openings: Mapping[UUID, Opening]
) -> list[Quote]:
    if not message_ids:
        return []
    try:
        quotes = quoting.quotes_between(
            reporter_id, found.about.pk, list(dict.fromkeys(message_ids)), openings
        )
    except NotFound:
        raise InvalidInput("One of these messages is not between you two. Nothing was reported.") from None
    if all(each.sender_id == reporter_id for each in quotes):
        raise InvalidInput(f"Tick at least one message that {found.about.name} wrote.")
    return quotes


@retried
def _report(
    reporter_id: UUID, found: Aim, reason: Reason, words: str, kept: Sequence[UUID], quotes: Sequence[Quote]
) -> Report:
    case = case_about(found)
    row = Report.objects.filter(case=case, reporter_id=reporter_id).first()
    if row is not None and not quotes:
        raise _ALREADY
    if row is None:
        row = new_report(case, reporter_id, found, reason, words)
        case.report_count += 1
        case.save(update_fields=["report_count"])
    known = queries.shown_messages(row)
    if len(known | {each.message_id for each in quotes}) > rules.MOST_MESSAGES:
        raise InvalidInput(f"A report shows at most {rules.MOST_MESSAGES} messages. Some are there already.")
    for media_id in kept:
        Shown.objects.create(report=row, media_id=media_id)
    for each in quotes:
        if each.message_id not in known:
            show(row, each)
    (tell_staff if case.report_count == 1 else lambda _: tell_queue())(case)
    return row


def case_about(found: Aim) -> Case:
    """The locked open case about the target; of two that would make it at once, one begins again."""
    key = rules.key_of(found.target, found.target_id)
    case = Case.objects.select_for_update().filter(open_of=key).first()
    return case or Case.objects.create(
        target=found.target.value, target_id=found.target_id, about_id=found.about.pk, open_of=key
    )


def new_report(
    case: Case,
    reporter_id: UUID | None,
    found: Aim,
    reason: Reason,
    words: str,
    *,
    finding_id: UUID | None = None,
) -> Report:
    """What one of them says, or the automatic help, beside what the target says now."""
    row_id = uuid7()
    said = json.dumps(found.snapshot, ensure_ascii=False)
    return Report.objects.create(
        id=row_id,
        case=case,
        reporter_id=reporter_id,
        finding_id=finding_id,
        reason=reason.value,
        words=keyring.seal_field(words, table="reports", column="words", row_id=row_id) if words else b"",
        snapshot=keyring.seal_field(said, table="reports", column="snapshot", row_id=row_id),
    )


def show(row: Report, found: Quote) -> None:
    key = uuid7()
    Shown.objects.create(
        id=key,
        report=row,
        message_id=found.message_id,
        sender_id=found.sender_id,
        sent_at=clock.from_ms(found.received_ms),
        text=keyring.seal_field(found.text, table="reports", column="message", row_id=key),
        was_sealed=found.was_sealed,
        is_verified=found.is_verified,
    )

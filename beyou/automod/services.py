"""What the automatic help does with a text, and how the staff keep the list of watched words.

It refuses, keeps back, and asks a person to look. It never decides about a member.
"""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction

from beyou.audit.services import record
from beyou.automod import queries, rules
from beyou.automod.copies import sent
from beyou.automod.errors import NewMemberLimit, TooManyLinks, WatchedText, WordChanged, WordKnown
from beyou.automod.events import Found
from beyou.automod.models import Finding, WatchedWord
from beyou.automod.rules import Action, Kind, Place, Reading, Word
from beyou.core import clock, keyring, limits
from beyou.core.errors import InvalidInput, NotFound, RateLimited
from beyou.core.events import publish
from beyou.core.ids import uuid7
from beyou.core.ports import options
from beyou.core.ports.texts import TextRefused

# Texts


def read_message(*, sender_id: UUID, conversation_id: UUID, message_id: UUID, text: str) -> str:
    """The text of a standard message as it may be stored, in the caller's transaction.

    Flagged words, and the same text to many conversations, are findings. Raises `WatchedText`, also for a
    word that is held elsewhere, which the staff are told of, and `TooManyLinks`; what the staff are told of
    stays told. No statement for most texts.
    """
    reading = rules.read(queries.matcher(), text, Place.MESSAGES)
    if reading.blocked:
        raise WatchedText(reading.blocked)
    if reading.held:
        _find(
            sender_id,
            Place.MESSAGES,
            reading.held,
            text=text,
            seen=text,
            why="It was refused: nobody got it.",
        )
        raise WatchedText(reading.held, told=" Our staff were told.")
    check_links(member_id=sender_id, text=text)
    _find(sender_id, Place.MESSAGES, reading.flagged, object_id=message_id, seen=text)
    plain = rules.comparable(text) if len(text) >= rules.SHORTEST_COPY else ""
    if len(plain) >= rules.SHORTEST_COPY and sent.note(sender_id, conversation_id, plain):
        why = f"The same text went to more than {rules.COPIES} conversations within a day."
        find(
            member_id=sender_id,
            place=Place.MESSAGES,
            kind=Kind.COPIES,
            why=why,
            object_id=message_id,
            seen=text,
        )
    return reading.text


def read_item(*, seller_id: UUID, texts: Sequence[str]) -> list[Reading]:
    """What the watched words make of the texts of an offer. Raises `WatchedText` and `TooManyLinks`."""
    found = [rules.read(queries.matcher(), each, Place.ITEMS) for each in texts]
    blocked = dict.fromkeys(word for each in found for word in each.blocked)
    if blocked:
        raise WatchedText(tuple(blocked))
    check_links(member_id=seller_id, text=" ".join(texts))
    return found


def read_profile(*, member_id: UUID, text: str) -> str:
    """What a member says of themselves, as it may be stored, in the caller's transaction. What is held
    elsewhere is refused. Raises `TextRefused`.
    """
    reading = rules.read(queries.matcher(), text, Place.PROFILES)
    refused = (*reading.blocked, *reading.held)
    if refused:
        raise TextRefused(WatchedText(refused).detail)
    if rules.links_in(text) > rules.FEW_LINKS:
        try:
            check_links(member_id=member_id, text=text)
        except TooManyLinks as error:
            raise TextRefused(error.detail) from None
    _find(member_id, Place.PROFILES, reading.flagged, object_id=member_id, text=text)
    return reading.text


def check_links(*, member_id: UUID, text: str) -> None:
    """Raises `TooManyLinks` for more than the place trusts the member with. Two statements, and none for a
    text with few.
    """
    if rules.links_in(text) <= rules.FEW_LINKS:
        return
    most = rules.too_many_links(text, queries.trust_of(member_id))
    if most is not None:
        raise TooManyLinks(most)


def check_pace(*, member_id: UUID, act: str, what: str) -> None:
    """Counts one act (`rules.LIMITED`) of a member whom the place does not know well. Raises
    `NewMemberLimit`. Two statements.
    """
    level = queries.trust_of(member_id)
    policy = rules.policy_of(act, level)
    if policy is None:
        return
    try:
        limits.check(policy, str(member_id))
    except RateLimited as error:
        raise NewMemberLimit(what, limits.most(policy), error.extra["retry_after"]) from None


# Findings


def flag_words(*, member_id: UUID, place: Place, words: Iterable[Word], object_id: UUID) -> None:
    """Each of the words is a finding, once for the object."""
    _find(member_id, place, tuple(words), object_id=object_id)


def _find(
    member_id: UUID,
    place: Place,
    words: Sequence[Word],
    *,
    object_id: UUID | None = None,
    text: str = "",
    seen: str = "",
    why: str = "",
) -> None:
    for word in words:
        said = f"The watched word “{word.pattern}” stands in it. {why}".strip()
        find(
            member_id=member_id,
            place=place,
            kind=Kind.WORD,
            which=word.key,
            why=said,
            object_id=object_id,
            text=text,
            seen=seen,
        )


def find(
    *,
    member_id: UUID,
    place: Place,
    kind: Kind,
    why: str,
    which: str = "",
    object_id: UUID | None = None,
    text: str = "",
    seen: str = "",
) -> None:
    """Somebody of the staff will look, in the caller's transaction; what was found before comes not again.

    The same is: the same kind (and word, `which`) on the same item or profile, and for messages on the same
    text (`seen`) of the same member, whatever its message is. `why` is what the person reads, and `text` what
    cannot be read anywhere else.
    """
    same = rules.comparable(seen) if seen else str(object_id)
    key = keyring.mac(b"finding", "\0".join((place, kind, which, str(member_id), same)).encode()).hex()[:64]
    if Finding.objects.filter(key=key).exists():
        return
    row_id = uuid7()
    row = Finding(
        id=row_id,
        key=key,
        member_id=member_id,
        place=place.value,
        kind=kind.value,
        object_id=object_id,
    )
    row.words = keyring.seal_field(why, table="automod", column="words", row_id=row_id)
    if text:
        row.text = keyring.seal_field(text, table="automod", column="text", row_id=row_id)
    # Whoever is second leaves it to the first one, on every engine without an error in the transaction.
    Finding.objects.bulk_create([row], ignore_conflicts=True)
    if Finding.objects.filter(id=row_id).exists():
        publish(Found(row_id))


def forget_old(limit: int = 1000) -> int:
    """What was found long ago is gone. Returns how many were."""
    due = queries.found_before(clock.now() - options.kept_for("finding_days")).order_by("created_at")
    keys = list(due.values_list("id", flat=True)[:limit])
    Finding.objects.filter(id__in=keys).delete()
    return len(keys)


def erase_member(*, member_id: UUID) -> None:
    """Nothing of what was found about the member is left."""
    Finding.objects.filter(member_id=member_id).delete()


# The list of words


@transaction.atomic
def add_word(
    *, actor_id: UUID, pattern: str, action: Action, places: Collection[Place], note: str = ""
) -> WatchedWord:
    """Texts from now on are read with it. Raises `InvalidInput` and `WordKnown`."""
    row = WatchedWord(added_by_id=actor_id)
    _fill(row, pattern, action, places, note)
    if WatchedWord.objects.count() >= rules.MOST_PATTERNS:
        raise InvalidInput(f"There are {rules.MOST_PATTERNS} watched words. Remove one first.")
    _save(row)
    _note("added", row, actor_id)
    return row


@transaction.atomic
def change_word(
    *,
    actor_id: UUID,
    word_id: UUID,
    seen_version: int,
    pattern: str,
    action: Action,
    places: Collection[Place],
    note: str = "",
) -> WatchedWord:
    """Raises `NotFound`, `InvalidInput`, `WordKnown`, and `WordChanged` when it is not what was read."""
    row = _held(word_id)
    if row.version != seen_version:
        raise WordChanged("It was changed after you opened the page. Look at it again; nothing was saved.")
    _fill(row, pattern, action, places, note)
    row.version += 1
    _save(row)
    _note("changed", row, actor_id)
    return row


@transaction.atomic
def remove_word(*, actor_id: UUID, word_id: UUID) -> None:
    """Nobody watches for it any more; what was stored stays as it is. A repeat changes nothing."""
    row = WatchedWord.objects.select_for_update().filter(id=word_id).first()
    if row is None:
        return
    _note("removed", row, actor_id)
    row.delete()


def _held(word_id: UUID) -> WatchedWord:
    row = WatchedWord.objects.select_for_update().filter(id=word_id).first()
    if row is None:
        raise NotFound
    return row


def _fill(row: WatchedWord, pattern: str, action: Action, places: Collection[Place], note: str) -> None:
    wanted = " ".join(pattern.split())
    if problem := rules.pattern_problem(wanted):
        raise InvalidInput(problem)
    if not places:
        raise InvalidInput("Choose at least one place.")
    if len(note) > rules.NOTE_LENGTH:
        raise InvalidInput(f"Write a note of up to {rules.NOTE_LENGTH} characters.")
    row.pattern, row.action, row.note = wanted, action.value, note.strip()
    row.digest = sha256(rules.plain_pattern(wanted).encode()).hexdigest()
    for place in Place:
        setattr(row, f"in_{place.value}", place in places)


def _save(row: WatchedWord) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise WordKnown("Change the one that is there, or write another.") from None


def _note(act: str, row: WatchedWord, actor_id: UUID) -> None:
    where = sorted(place.value for place in row.places)
    record(act=f"word.{act}", actor_id=actor_id, object_id=row.pk, action=row.action, places=where)
    transaction.on_commit(queries.forget)

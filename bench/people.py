"""Members, chats and sessions for measurements, written in the environment of a server."""

import argparse
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

import orjson


@dataclass(frozen=True, slots=True)
class Talk:
    """A direct conversation of two members with a session each."""

    conversation: UUID
    members: tuple[UUID, UUID]
    sessions: tuple[str, str]


def confirmed_member(handle: str, name: str) -> Any:
    """A new member whom others may find, without a password."""
    from beyou.users.services import create_member

    return create_member(
        handle=handle, name=name, email=f"{handle}@example.org", password=None, is_confirmed=True
    )


def session_of(member: Any) -> str:
    """The key of a new session in which the member is signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = "beyou.users.backends.MemberBackend"
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def talks(count: int) -> list[Talk]:
    """So many pairs of friends, each with a conversation."""
    from django.db import transaction

    from beyou.friends.models import Friendship
    from beyou.messaging.services import start_conversation
    from beyou.users.models import User

    made = []
    with transaction.atomic():
        first = User.objects.count()
        for number in range(first, first + 2 * count, 2):
            pair = []
            for each in (number, number + 1):
                pair.append(confirmed_member(f"bench_{each}", f"Bench {each}"))
            low, high = sorted(pair, key=lambda member: member.pk)
            Friendship.objects.create(first=low, second=high)
            started = start_conversation(starter_id=pair[0].pk, other_id=pair[1].pk)
            made.append(
                Talk(
                    started.conversation.id,
                    (pair[0].pk, pair[1].pk),
                    (session_of(pair[0]), session_of(pair[1])),
                )
            )
    return made


def fill(talk: Talk, count: int) -> None:
    """So many messages of both, by the service that members use."""
    from beyou.core.ids import uuid7
    from beyou.messaging.accept import Accepted, accept_messages
    from beyou.messaging.rules import Draft

    drafts = [
        Draft(talk.conversation, talk.members[number % 2], uuid7(), f"Message {number} of a long talk")
        for number in range(count)
    ]
    for begin in range(0, count, 500):
        results = accept_messages(drafts[begin : begin + 500])
        if not all(isinstance(result, Accepted) for result in results):
            raise RuntimeError("a message was refused")


def main() -> None:
    """Prints the talks as JSON; the first ones get messages by `--fill`."""
    import django

    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--talks", type=int, default=1)
    parser.add_argument(
        "--fill", type=int, nargs="*", default=[], help="messages of the first, second … talk"
    )
    options = parser.parse_args()
    made = talks(options.talks)
    for talk, count in zip(made, options.fill, strict=False):
        fill(talk, count)
    print(orjson.dumps([asdict(talk) for talk in made]).decode())


if __name__ == "__main__":
    main()

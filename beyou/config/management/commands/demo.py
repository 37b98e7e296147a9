"""`beyou demo`: a few members to look around with."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import transaction

from beyou.config import demo_market, demo_staff, demo_trades
from beyou.config.demo_keys import DemoKeys, recovery_path
from beyou.core import clock
from beyou.core.ids import uuid7
from beyou.friends import services as friends
from beyou.friends.rules import Step
from beyou.messaging import sealing
from beyou.messaging import services as messaging
from beyou.messaging.envelope import ZERO32, body_digest
from beyou.messaging.rules import Draft, Envelope
from beyou.users import services as users
from beyou.users.models import User
from beyou.verification import services as verification

PASSWORD = "look around and see"  # noqa: S105  (public on purpose: it opens demo members only)
PEOPLE = (
    ("alice", "Alice Ash"),
    ("bob", "Bob Birch"),
    ("charlie", "Charlie Cedar"),
    ("dana", "Dana Dogwood"),
)
TALK = (
    ("bob", "Hello Alice! Shall we try this place?"),
    ("alice", "Let's. I am on the train, so it has to work offline, too."),
    ("bob", "It queues what you write and sends it by itself. Look at the shield: each message is sealed."),
    ("alice", "And the lock?"),
    (
        "bob",
        "It closes as soon as we have both opened our chats. Then only we two can read what follows.",
    ),
)
SEALED_TALK = (
    ("charlie", "Did you see the price of the lamp?"),
    ("dana", "Yes. And I can show what you offered: this page checks that nobody changed a word."),
    ("charlie", "Only we two can read it. And whoever has the demo keys, which is everybody."),
)


class Command(BaseCommand):
    help = "Make demo members who are friends and have talked. Does nothing when there are members already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sign-ins", action="store_true", help="only print how to sign in as them")
        parser.add_argument(
            "--items",
            type=int,
            default=0,
            metavar="N",
            help="add N more items without pictures, to measure with",
        )

    def handle(self, *args: Any, sign_ins: bool, items: int, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo members have a public password, so production refuses them.")
        if not sign_ins and User.objects.exists():
            self.stdout.write("There are members already; no demo was added.")
        elif not sign_ins:
            demo_trades.trade(self._seed())
        for done in demo_market.fill(items) if items > 0 else ():
            end = "\n" if done == items else "\r"
            self.stdout.write(f"{done:,} of {items:,} items", ending=end)
            self.stdout.flush()
        self._print_sign_ins()

    @transaction.atomic
    def _seed(self) -> list[UUID]:
        """All of it or nothing; returns who sells.

        Alice and Bob have no keys yet: their browsers make them. Charlie and Dana have keys of the demo's.
        """
        members = {
            handle: users.create_member(
                handle=handle,
                name=name,
                email=f"{handle}@example.org",
                password=PASSWORD,
                is_confirmed=True,
                is_demo=True,
            )
            for handle, name in PEOPLE
        }
        alice, bob, charlie, dana = (members[handle].id for handle, _ in PEOPLE)
        for asking, answering in ((bob, alice), (charlie, bob), (dana, charlie), (charlie, alice)):
            friends.take(member_id=asking, other_id=answering, step=Step.REQUEST)
        # Charlie's request to Alice stays open, so that there is one to answer.
        for asking, answering in ((bob, alice), (charlie, bob), (dana, charlie)):
            friends.take(member_id=answering, other_id=asking, step=Step.ACCEPT)
        conversation = messaging.start_conversation(starter_id=bob, other_id=alice).conversation.id
        messaging.accept_messages(
            [
                Draft(conversation=conversation, sender=members[who].id, message=uuid7(), content=text)
                for who, text in TALK
            ]
        )
        # Bob is verified, Charlie waits for Sam, who is the owner.
        users.mark_verified(member_id=bob)
        verification.submit(
            member_id=charlie, reason="I sell lamps and want buyers to trust me.", image=demo_staff.card()
        )
        sam = users.create_member(
            handle=demo_staff.HANDLE,
            name=demo_staff.NAME,
            email=f"{demo_staff.HANDLE}@example.org",
            password=PASSWORD,
            is_confirmed=True,
            is_demo=True,
        )
        demo_staff.appoint(sam.pk)
        self._seal({handle: members[handle].id for handle, _ in SEALED_TALK})
        return self._fill_market(bob)

    def _fill_market(self, bob: UUID) -> list[UUID]:
        sellers = [bob]
        for handle, name in demo_market.SELLERS:
            member = users.create_member(
                handle=handle,
                name=name,
                email=f"{handle}@example.org",
                password=PASSWORD,
                is_confirmed=True,
                is_demo=True,
            )
            users.mark_verified(member_id=member.pk)
            sellers.append(member.pk)
        demo_market.haggle(sellers, demo_market.sell(sellers))
        return sellers

    def _seal(self, member_ids: dict[str, UUID]) -> None:
        """The members have keys, recovery files for them, and an end-to-end conversation."""
        keys = {handle: DemoKeys(member_id) for handle, member_id in member_ids.items()}
        for handle, made in keys.items():
            made.publish()
            made.write_recovery(handle)
        one, other = member_ids.values()
        conversation = messaging.start_conversation(starter_id=one, other_id=other).conversation.id
        last = dict.fromkeys(keys, (0, ZERO32))
        for who, text in SEALED_TALK:
            counter, prev = last[who]
            message = uuid7()
            sealed = sealing.seal(
                text=text,
                origin=settings.ORIGIN,
                conversation=conversation,
                message=message,
                sender=member_ids[who],
                device=keys[who].device,
                signing_key=keys[who].sign,
                recipients=[made.recipient for made in keys.values()],
                roster_version=len(keys),
                counter=counter + 1,
                prev=prev,
                created_ms=clock.now_ms(),
            )
            last[who] = (counter + 1, body_digest(sealed.header, sealed.body))
            content = Envelope(sealed.header, sealed.body, sealed.signature, sealed.wraps)
            (answer,) = messaging.accept_messages([Draft(conversation, member_ids[who], message, content)])
            if isinstance(answer, messaging.Refused):
                raise answer.error

    def _print_sign_ins(self) -> None:
        demo = list(User.objects.filter(is_demo=True).order_by("date_joined", "handle"))
        if demo:
            self.stdout.write("Demo members, with browsers or profiles of their own each:")
        for member in demo:
            keys = "   owner: codes at /dev/code" if member.handle == demo_staff.HANDLE else ""
            keys = "   keys: see /dev/keys" if recovery_path(member.handle).exists() else keys
            self.stdout.write(f"  {member.email:24} password: {PASSWORD}{keys}")

"""What measurements begin with: members who really can write to each other. No measuring here."""

import pytest
from django.test import Client

from bench import people, replay
from beyou.messaging.models import Message

pytestmark = pytest.mark.django_db


def _reads(session: str, address: str) -> int:
    browser = Client()
    browser.cookies["beyou-session"] = session
    return browser.get(address).status_code


def test_pairs_of_a_measurement_are_signed_in_and_can_write() -> None:
    first, second = people.talks(2)
    people.fill(first, 3)
    assert Message.objects.filter(conversation=first.conversation).count() == 3
    assert not Message.objects.filter(conversation=second.conversation).exists()
    for session in first.sessions:
        assert _reads(session, f"/api/v1/conversations/{first.conversation}/messages?after=0") == 200
    assert _reads(second.sessions[0], f"/api/v1/conversations/{first.conversation}/messages?after=0") == 404


def test_speakers_of_a_replay_can_begin_their_talks() -> None:
    lines = [("ann", "ben: hello"), ("ben", "ann: hello yourself"), ("cid", "what a day")]
    speakers, talks = sorted({speaker for speaker, _ in lines}), replay.pair_up(lines)
    members, sessions = replay.seed(speakers, talks)
    for talk in talks:
        one, other = (members[name] for name in talk.pair)
        browser = Client()
        browser.cookies["beyou-session"] = sessions[talk.pair[0]]
        answer = browser.post(
            "/api/v1/conversations", {"member": str(other)}, content_type="application/json"
        )
        assert answer.status_code == 201, (one, answer.content)

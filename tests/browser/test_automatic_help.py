"""What a sender sees of words that the staff watch."""

from playwright.sync_api import expect

from tests.browser.conftest import Opened, befriend
from tests.browser.server import Server
from tests.browser.talk import bubble, expect_state, open_chat, say

_WATCH = """
from beyou.automod import services
from beyou.automod.rules import Action, Place
from beyou.users.models import User
staff = User.objects.get(handle="alice_words")
for pattern, action in (("lottery*", Action.CENSOR), ("gambl*", Action.BLOCK)):
    services.add_word(actor_id=staff.pk, pattern=pattern, action=action, places=[Place.MESSAGES])
"""


def test_the_sender_sees_what_was_sent_and_why_something_was_not(live: Server, open_person: Opened) -> None:
    befriend(live, "alice_words", "bob_words")
    live.run(_WATCH)
    alice, bob = open_person(live, "alice_words"), open_person(live, "bob_words")
    at_alice = open_chat(alice, live, "bob_words")
    say(at_alice, "Come to the lottery tonight")
    expect_state(at_alice, "Come to the ■■■■■■■ tonight", "sealed")
    say(at_alice, "We only gamble at home")
    expect(bubble(at_alice, "We only gamble at home")).to_contain_text("gamble")
    expect(bubble(at_alice, "We only gamble at home")).to_have_attribute("data-delivery", "failed")
    at_alice.reload()
    # Neither is lost: one stands as it was sent, the other still waits for another try.
    expect(bubble(at_alice, "Come to the ■■■■■■■ tonight")).to_be_visible()
    expect(bubble(at_alice, "We only gamble at home")).to_be_visible()
    at_bob = open_chat(bob, live, "alice_words")
    expect(bubble(at_bob, "Come to the ■■■■■■■ tonight")).to_be_visible()
    expect(bubble(at_bob, "We only gamble at home")).to_have_count(0)

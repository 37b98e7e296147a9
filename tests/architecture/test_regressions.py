"""The flaws of the first BeYou, each with the tests that would fail if it came back.

The numbers are those of the regression list in the security research. A flaw of a room that is not built yet
has no line; a line whose test is renamed or deleted fails here, so that nobody drops a guard unnoticed.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GUARDS = {
    "2: any member read any upload": (
        "tests/architecture/test_routes.py::test_a_stranger_cannot_tell_another_members_object_from_a_missing_one",
        "tests/verification/test_views.py::test_no_address_of_media_leads_to_a_document",
    ),
    "4: what a client called an image was served as it came": (
        "tests/media/test_images.py::test_what_is_no_picture_is_refused_with_a_reason",
        "tests/media/test_images.py::test_a_polyglot_loses_its_tail",
        "tests/media/test_services.py::test_a_picture_goes_out_caged",
    ),
    "5: a foreign page changed the e-mail address, and no password was asked": (
        "tests/architecture/test_routes.py::test_writing_needs_a_token_and_our_own_origin",
        "tests/users/test_accounts.py::test_every_post_needs_its_token",
        "tests/users/test_profile_pages.py::test_contact_data_changes_only_after_a_fresh_proof",
    ),
    "6: reading an address changed something": (
        "tests/architecture/test_routes.py::test_reading_changes_nothing",
    ),
    "7: the second step was never asked": (
        "tests/users/test_factors.py::test_a_right_password_alone_opens_nothing_and_leaves_its_row",
        "tests/users/test_app_sign_in.py::test_an_app_shows_the_second_step_like_the_page",
        "tests/users/test_oidc.py::test_the_second_step_is_still_asked",
        "tests/users/test_state_machine.py::test_no_order_of_steps_opens_what_was_not_earned",
    ),
    "8: resets told who has an account, could be guessed and took the password 1": (
        "tests/users/test_resets.py::test_every_address_gets_the_same_answer",
        "tests/users/test_resets.py::test_a_mailed_link_is_not_enough_for_an_account_with_a_second_step",
        "tests/users/test_resets.py::test_five_wrong_steps_end_the_link_and_the_owner_is_told",
        "tests/users/test_resets.py::test_many_guesses_at_once_are_still_five",
        "tests/users/test_resets.py::test_codes_are_used_up_here_as_everywhere",
        "tests/users/test_resets.py::test_bad_input_changes_nothing_and_costs_no_link",
    ),
    "9: a reset carried the secret of the second step in clear": (
        "tests/users/test_factors.py::test_the_secret_is_encrypted_and_never_stored_in_clear",
        "tests/users/test_resets.py::test_a_token_is_stored_only_as_a_digest_and_leaves_the_address_at_once",
    ),
    "10, 11: private keys and plaintext were at the server": (
        "tests/browser/test_keys.py::*",
        "tests/browser/test_attack.py::*",
        "tests/keys/test_keys.py::test_what_is_stored_is_public",
    ),
    "12: a second pair of keys broke every conversation": (
        "tests/keys/test_keys.py::test_browsers_that_publish_at_once_leave_one_set_of_keys",
        "tests/keys/test_keys.py::test_replacing_retires_the_old_keys_and_says_both",
    ),
    "18: a header of the client was its address": (
        "tests/users/test_accounts.py::test_the_address_of_a_client_is_not_what_a_client_says",
        "tests/core/test_bridge.py::test_a_header_with_an_underscore_cannot_pass_for_another",
    ),
    "19: each success was a failure too, and nothing slowed guessing": (
        "tests/users/test_accounts.py::test_signing_in_leaves_one_row",
        "tests/users/test_factors.py::test_a_right_code_makes_one_row",
        "tests/users/test_limits.py::test_rotating_addresses_get_ten_tries_and_the_known_device_gets_in",
        "tests/users/test_accounts.py::test_parallel_attempts_leave_a_row_each_and_no_more_than_five_are_tried",
    ),
    "20: an exception in the backend was a 500": (
        "tests/users/test_defences.py::test_nobody_gets_in_while_attempts_cannot_be_counted",
        "tests/architecture/test_routes.py::test_malformed_input_is_never_our_fault",
    ),
    "21: unblocking made a stranger a friend": (
        "tests/blocks/test_blocks.py::test_unblocking_makes_nobody_a_friend_whatever_is_sent_along",
    ),
    "22: staff approved themselves": (
        "tests/verification/test_services.py::test_nobody_decides_for_themselves_for_equals_or_upwards",
        "tests/verification/test_views.py::test_a_verifier_does_not_even_find_their_own_request",
    ),
    "29: e-mail addresses could be harvested by searching": ("tests/friends/test_friends.py::test_search",),
    "30: a link led to another site": (
        "tests/users/test_accounts.py::test_after_signing_in_one_is_where_one_wanted_to_be_but_never_on_another_site",
    ),
    "31: the decoy logged nothing, and the real place was public without a second step": (
        "tests/users/test_threats.py::test_whoever_looks_for_the_admin_is_noticed",
        "tests/users/test_threats.py::test_nobody_fills_the_log_by_the_decoy",
        "tests/users/test_factors.py::test_staff_without_a_proved_factor_reach_no_staff_page",
        "tests/architecture/test_routes.py::test_each_staff_level_opens_its_own_pages_and_no_others",
    ),
    "32: secrets stood in the code": (
        "tests/architecture/test_settings.py::test_production_refuses_to_start_without",
        "tests/architecture/test_settings.py::test_production_refuses_the_public_secrets_of_this_suite",
    ),
    "34: one malformed request in seventy was a 500": (
        "tests/architecture/test_routes.py::test_malformed_input_is_never_our_fault",
    ),
}  # fmt: skip


@pytest.mark.same_everywhere
@pytest.mark.parametrize("flaw", GUARDS)
def test_every_flaw_of_the_first_beyou_has_its_guard(flaw: str) -> None:
    assert GUARDS[flaw], "a flaw without a guard"
    for guard in GUARDS[flaw]:
        path, _, name = guard.partition("::")
        found = {
            node.name
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
        assert found if name == "*" else name in found, f"{guard} is gone"

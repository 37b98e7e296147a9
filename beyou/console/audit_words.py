"""What acts of the staff are called in sentences. `{}` is the member whom an act concerns."""

from typing import Final

#: The act as a person says it, behind who did it.
WORDS: Final = {
    "account.deletion_cancelled": "called off the deletion of the account of {}",
    "account.deletion_requested": "asked for the deletion of the account of {}",
    "account.erased": "erased the account of {}",
    "addresses.blocked": "blocked a range of addresses",
    "addresses.unblocked": "opened a range of addresses again",
    "audit.exported": "downloaded a part of the audit",
    "backroom.list_viewed": "looked at a table in the back room",
    "backroom.row_viewed": "looked at a row about {} in the back room",
    "case.dismissed": "dismissed a report about {}",
    "case.held": "took a report about {} to work on",
    "case.limited": "ended a report about {} with a limit",
    "case.picture_viewed": "looked at a picture in a report about {}",
    "case.released": "put a report about {} back",
    "case.reopened": "opened a report about {} again",
    "case.removed": "took away what a report about {} was about",
    "case.settled": "settled a report about {}",
    "case.suspended": "ended a report about {} with a suspension",
    "case.taken_off": "took what {} offers off the market after a report",
    "case.undone": "undid how a report about {} was decided",
    "case.viewed": "looked at a report about {}",
    "case.warned": "ended a report about {} with a warning",
    "category.added": "added a category",
    "category.placed": "moved a category",
    "category.renamed": "renamed a category",
    "category.retired": "retired a category",
    "disputes.case_viewed": "looked at a claim of {}",
    "disputes.decided": "decided a claim of {}",
    "disputes.held": "took a claim of {} to work on",
    "disputes.picture_viewed": "looked at a picture in a claim of {}",
    "disputes.proposed": "proposed how to decide a claim of {}",
    "disputes.released": "put a claim of {} back",
    "health.silence_ended": "ended the silence of a health check",
    "health.silenced": "silenced a health check",
    "instance.announced": "announced something",
    "instance.announcement_changed": "changed an announcement",
    "instance.announcement_ended": "ended an announcement",
    "instance.limits_changed": "changed the limits of members",
    "instance.market_changed": "changed the settings of the market",
    "instance.invitation_made": "made an invitation",
    "instance.invitation_revoked": "took back an invitation",
    "instance.retention_changed": "changed how long things are kept",
    "instance.settings_changed": "changed the settings of the place",
    "item.restored": "put an item of {} back on the market",
    "item.suspended": "took an item of {} off the market",
    "item.let_through": "let something through that {} offers",
    "item.sent_back": "sent something back that {} wants to offer",
    "joining.given_up": "gave up joining, as {}",
    "joining.let_in": "let {} in",
    "joining.refused": "did not let {} in",
    "member.appeal_granted": "granted an appeal of {}",
    "member.appeal_upheld": "rejected an appeal of {}",
    "member.contact_viewed": "looked at how to reach {}",
    "member.limit_given": "limited the reach of {}",
    "member.content_put_back": "put back what had been taken away from {}",
    "member.message_removed": "removed a message of {}",
    "member.removal_given": "took something away from {}",
    "member.sanction_lifted": "took back a decision about {}",
    "member.sessions_ended": "signed {} out everywhere",
    "member.sign_ins_viewed": "looked at the sign-ins of {}",
    "member.suspension_given": "suspended {}",
    "member.suspension_proposed": "proposed to suspend {} for ever",
    "member.suspension_refused": "did not agree to suspend {} for ever",
    "member.suspension_seconded": "agreed to suspend {} for ever",
    "member.warning_given": "warned {}",
    "recovery.approved": "agreed to let {} back into the account",
    "recovery.refused": "refused to let {} back into the account",
    "recovery.used": "let {} back into the account",
    "rename.granted": "granted {} another name",
    "rename.refused": "refused {} another name",
    "sign_in_log.viewed": "looked at the sign-in log",
    "staff.level_granted": "gave {} a level of the staff",
    "staff.level_withdrawn": "took a level of the staff from {}",
    "verification.approved": "verified {}",
    "verification.claimed": "took the verification of {} to work on",
    "verification.decision_undone": "took back a decision on the verification of {}",
    "verification.document_deleted": "deleted the identity document of {}",
    "verification.document_viewed": "looked at the identity document of {}",
    "verification.escalated": "handed on the verification of {}",
    "verification.rejected": "rejected the verification of {}",
    "verification.released": "put the verification of {} back",
    "verification.returned": "asked {} to send parts of the verification again",
    "verification.revoked": "revoked the verification of {}",
    "verification.seconded": "agreed to verify {}",
    "word.added": "added a watched word",
    "word.changed": "changed a watched word",
    "word.removed": "removed a watched word",
}

_KINDS: Final = {
    "account": "Accounts",
    "addresses": "Addresses",
    "audit": "The audit",
    "backroom": "The back room",
    "case": "Reports",
    "category": "Categories",
    "disputes": "Claims",
    "health": "Health",
    "instance": "The place",
    "item": "Items",
    "joining": "Joining",
    "member": "Members",
    "recovery": "Account recoveries",
    "rename": "Names",
    "sign_in_log": "The sign-in log",
    "staff": "Levels of the staff",
    "verification": "Verifications",
    "word": "Watched words",
}


def parts(act: str) -> tuple[str, str, bool]:
    """What stands before the member and behind, and whether the member is named at all. An act that has no
    words says its own name.
    """
    plain = act.replace(".", ": ", 1).replace("_", " ")
    before, found, behind = WORDS.get(act, f"did “{plain}” about {{}}" if act else "did something").partition(
        "{}"
    )
    return before.rstrip(), behind.strip(), bool(found)


def choices(chosen: str) -> list[tuple[str, str | list[tuple[str, str]]]]:
    """The kinds of acts and every act, to choose from; what was asked for by its name is one of them."""
    shown: list[tuple[str, str | list[tuple[str, str]]]] = [("", "Any act")]
    if chosen and chosen not in WORDS and chosen not in {f"{kind}." for kind in _KINDS}:
        shown.append((chosen, chosen))
    for kind, title in _KINDS.items():
        acts = [
            (act, " ".join(words.replace("{}", "somebody").split()).capitalize())
            for act, words in WORDS.items()
            if act.startswith(f"{kind}.")
        ]
        shown.append((title, [(f"{kind}.", f"{title}: any act"), *acts]))
    return shown

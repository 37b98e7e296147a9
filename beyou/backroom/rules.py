"""What the back room shows of a row: ids, numbers, moments and choices. Everything else stays hidden."""

from typing import Final

#: Kinds of columns, as Django calls them, that hold nothing that somebody wrote and no secret.
_PLAIN: Final = frozenset(
    {
        *("AutoField", "BigAutoField", "UUIDField", "BooleanField", "DateField", "DateTimeField"),
        *("IntegerField", "BigIntegerField", "SmallIntegerField"),
        *("PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField"),
    }
)

#: Parts of names of columns that may be secret even as a number or an id.
_SECRET: Final = frozenset(
    {
        *("code", "counter", "digest", "hash", "key", "mac", "password", "pin"),
        *("salt", "secret", "signature", "stamp", "token"),
    }
)

#: Texts that are shown after all: names that the place gives, and the public name of a member.
NAMED: Final = frozenset(
    {
        *("audit.AuditRecord.act", "core.OutboxEvent.event", "core.OutboxEvent.handler"),
        *("core.ScheduledJob.name", "health.HealthAlert.check_name", "health.Silence.check_name"),
        *("marketplace.Category.slug", "orders.Order.number", "orders.SubOrder.number"),
        *("payments.GatewayTask.kind", "payments.MoneyAlert.kind", "payments.Transfer.kind"),
        "users.User.handle",
    }
)

#: Tables that are not shown at all: each row is one proof, session or token of a member, or opens an answer.
HIDDEN: Final = frozenset(
    {
        *("keys.KeyChallenge", "ledger.SaltRow"),
        *("users.AccessToken", "users.EmailChange", "users.KnownDevice", "users.MemberSession"),
        *("users.PasswordReset", "users.RecoveryCode", "users.TotpUse"),
    }
)


def is_shown(table: str, field: str, kind: str, *, has_choices: bool) -> bool:
    """Whether a column of the table is shown. `kind` is what it holds; of a foreign key, what that names.

    A column that nobody thought of is hidden, whatever it holds, unless it is plain.
    """
    if table in HIDDEN:
        return False
    if f"{table}.{field}" in NAMED:
        return True
    return (kind in _PLAIN or has_choices) and not _SECRET & set(field.split("_"))

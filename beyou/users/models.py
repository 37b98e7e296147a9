"""The member, what staff may do, sessions, and the record of every sign-in attempt."""

from enum import StrEnum
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.users.block_models import AddressBlock as AddressBlock
from beyou.users.rules import (
    ALERT_TEXTS,
    Audience,
    ChangeOutcome,
    Level,
    Readers,
    RecoveryState,
    RenameState,
    SecurityKind,
    ThreatRule,
    Writers,
)

HANDLE_PATTERN = r"^[a-z0-9_]{3,30}$"


class Accent(models.TextChoices):
    IRIS = "iris"
    JADE = "jade"
    OCEAN = "ocean"
    PLUM = "plum"
    EMBER = "ember"
    SLATE = "slate"


class Theme(models.TextChoices):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class UserManager(BaseUserManager["User"]):
    """What allauth and Django's authentication ask of a user manager."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


def _choices(values: type[StrEnum]) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values]


class User(AbstractBaseUser):
    """A member. The handle is public and used in addresses; the e-mail address is never shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    handle = models.CharField(max_length=30, unique=True, validators=[RegexValidator(HANDLE_PATTERN)])
    name = models.CharField(max_length=60)
    # Stored in lower case (allauth normalises it): MariaDB has no index on an expression.
    email = models.EmailField(max_length=254, unique=True)
    accent = models.CharField(max_length=10, choices=Accent, default=Accent.IRIS)
    theme = models.CharField(max_length=10, choices=Theme, default=Theme.SYSTEM)
    is_active = models.BooleanField(default=True)
    # Whether there is a StaffGrant, so that no page of a member has to ask for one.
    is_staff = models.BooleanField(default=False)
    # Set by "That wasn't me": nothing else can be done before the password is new.
    needs_new_password = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    # When staff last confirmed who this is; empty for everybody else. Only `verification` changes it.
    verified_at = models.DateTimeField(null=True)
    bio = models.CharField(max_length=500, blank=True)
    # The MediaFile of the picture; empty for initials.
    picture_id = models.UUIDField(null=True)
    handle_changed_at = models.DateTimeField(null=True)
    # Who may do what with this member. They stand here, since every list of members asks them.
    found_by = models.CharField(max_length=20, choices=_choices(Audience), default=Audience.EVERYBODY.value)
    asked_by = models.CharField(max_length=20, choices=_choices(Audience), default=Audience.EVERYBODY.value)
    written_by = models.CharField(max_length=20, choices=_choices(Writers), default=Writers.FRIENDS.value)
    email_for = models.CharField(max_length=20, choices=_choices(Readers), default=Readers.NOBODY.value)
    phone_for = models.CharField(max_length=20, choices=_choices(Readers), default=Readers.NOBODY.value)
    read_receipts = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)
    # When the account will be erased, as its member asked; until then nobody sees it.
    deletion_due_at = models.DateTimeField(null=True, db_index=True)
    deletion_reminded_at = models.DateTimeField(null=True)
    # Since when the member waits to be let in by the staff; empty for members. Only `joining` changes it.
    awaits_since = models.DateTimeField(null=True)
    # Until when the member is suspended; the time alone ends it. Only `services.suspend` changes it.
    suspended_until = models.DateTimeField(null=True)
    # Until when the member's reach is limited, and why in words; the same. Only `services.limit` changes it.
    limited_until = models.DateTimeField(null=True)
    limited_for = models.CharField(max_length=60, blank=True)
    # Since when this row is a tombstone that only keeps other rows in their places.
    erased_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["handle", "name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        indexes = [
            models.Index(fields=["name"], name="users_user_name"),
            models.Index(fields=["picture_id"], name="users_user_picture"),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def is_present(self) -> bool:
        """Whether others may see the member and write to them. The same for querysets: `queries.present`."""
        return self.is_active and self.deletion_due_at is None and self.awaits_since is None

    @property
    def is_suspended(self) -> bool:
        """Whether the member can do nothing but read why. The same for querysets: `queries.suspended`."""
        return self.suspended_until is not None and self.suspended_until > now()

    @property
    def is_reachable(self) -> bool:
        """Whether somebody reads what is written to the member: who is suspended cannot."""
        return self.is_present and not self.is_suspended

    @property
    def is_limited(self) -> bool:
        """Whether strangers are out of the member's reach. The same for querysets: `queries.limited`."""
        return self.limited_until is not None and self.limited_until > now()

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.handle]
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


class JoinRequest(models.Model):
    """Somebody who waits to be let in by the staff, or was refused and will be erased. Gone once let in."""

    member = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")
    # Why the member wants to join, and what the staff answered; sealed under keys of their own.
    words = models.BinaryField(default=bytes)
    answer = models.BinaryField(default=bytes)
    asked_at = models.DateTimeField(default=now)
    refused_at = models.DateTimeField(null=True)
    decided_by_id = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["refused_at", "asked_at"], name="users_joining")]

    def __str__(self) -> str:
        return f"{self.member_id} wants to join"


class Phone(models.Model):
    """A member's telephone number in E.164, encrypted; never used to sign in."""

    member = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    changed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"phone of {self.member_id}"


class HeldHandle(models.Model):
    """A handle that nobody but this member may take: one that was given up, or one that waits for review."""

    handle = models.CharField(max_length=30, primary_key=True)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # Empty while a rename waits for it.
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.handle} for {self.member_id}"


class PendingRename(models.Model):
    """Another handle or name that a verified member asked for; it waits for the staff or was decided."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # The member while it waits, so that there is at most one; empty afterwards.
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    old_handle = models.CharField(max_length=30)
    old_name = models.CharField(max_length=60)
    handle = models.CharField(max_length=30)
    name = models.CharField(max_length=60)
    state = models.CharField(max_length=20, choices=_choices(RenameState), default=RenameState.WAITING.value)
    # Why it was not granted, in words for the member.
    reason = models.CharField(max_length=300, blank=True)
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["state", "id"], name="users_rename_queue")]

    def __str__(self) -> str:
        return f"{self.state} rename {self.id}"


class EmailChange(models.Model):
    """Another address that a member asked for. Nothing changes before both mailboxes have agreed, or the
    old one has not objected for three days.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # The member while it is open, so that there is at most one; empty afterwards.
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    old_email = models.EmailField(max_length=254)
    new_email = models.EmailField(max_length=254)
    # MACs of the code that the new address got and of the token in the link that the old one got.
    code_mac = models.CharField(max_length=64)
    token_mac = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    new_agreed_at = models.DateTimeField(null=True)
    old_agreed_at = models.DateTimeField(null=True)
    # From when on the old mailbox counts as lost; empty unless the member says that it is.
    lost_after = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=_choices(ChangeOutcome), blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["outcome", "expires_at"], name="users_email_change_open"),
            models.Index(fields=["outcome", "lost_after"], name="users_email_change_lost"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome or 'open'} change {self.id}"


class StaffGrant(models.Model):
    """One level that a member of the staff has."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    level = models.CharField(max_length=20, choices=[(level.value, level.value) for level in Level])
    # Empty when the command line granted it.
    granted_by_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "level"], name="users_level_once")]

    def __str__(self) -> str:
        return f"{self.level} {self.member_id}"


class _FromSomewhere(models.Model):
    """Where something came from, as a member can judge it."""

    address = models.GenericIPAddressField(null=True)
    # In words, such as "Firefox on Windows"; what the browser says of itself, so never proof of anything.
    device = models.CharField(max_length=80, blank=True)
    device_kind = models.CharField(max_length=10, blank=True)
    # ISO 3166-1 alpha-2, when the instance has a database of places.
    country = models.CharField(max_length=2, blank=True)

    class Meta:
        abstract = True


class MemberSession(_FromSomewhere):
    """A session of the session store, and what its member sees of it. Without a member: a visitor's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key_digest = models.CharField(max_length=64, unique=True)
    data = models.TextField(blank=True)
    member = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(default=now)
    # Exact to a minute: it is written later than the request, so that no page waits for it.
    seen_at = models.DateTimeField(default=now)
    # When it last used a page of the staff, which ask for a fresh proof sooner.
    staff_seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "ended_at", "-seen_at"], name="users_session_member"),
            models.Index(fields=["seen_at"], name="users_session_seen"),
        ]

    def __str__(self) -> str:
        return f"Session {self.id} of {self.member_id}"


class KnownDevice(models.Model):
    """A browser that has signed in to the account, recognised by a signed cookie. It has a budget of wrong
    passwords of its own, so that a stranger who uses up the account's does not lock its member out.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    token_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "token_digest"], name="users_device_once")]

    def __str__(self) -> str:
        return f"Device {self.id} of {self.member_id}"


class ThreatAlert(_FromSomewhere):
    """A rule about sign-ins has fired. One row per rule, subject and window, however often it would fire."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.CharField(max_length=30, choices=[(rule.value, rule.value) for rule in ThreatRule])
    # Whom or what it is about: the id of a member or an address.
    subject = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    # Empty when it is about an address.
    member = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    # The attempt that made the rule fire; its row may be gone before this one.
    activity_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject", "window_start"], name="users_alert_once")
        ]
        indexes = [models.Index(fields=["created_at"], name="users_alert_recent")]

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}"

    @property
    def text(self) -> str:
        return ALERT_TEXTS[ThreatRule(self.rule)]


class SecurityEvent(_FromSomewhere):
    """Something that happened to an account, for its member to read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30, choices=[(kind.value, kind.value) for kind in SecurityKind])
    # What it happened to, by the name the member gave it, such as a passkey's.
    subject = models.CharField(max_length=100, blank=True)
    session_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [models.Index(fields=["member", "-id"], name="users_security_member")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.member_id}"


class LoginOutcome(models.TextChoices):
    SUCCESS = "success"
    BAD_CREDENTIALS = "bad_credentials"
    UNKNOWN = "unknown"
    LIMITED = "limited"
    INACTIVE = "inactive"
    BANNED = "banned"
    UNCONFIRMED = "unconfirmed"
    DECOY = "decoy"
    # The password was right and nobody has answered yet: somebody knows the password.
    AWAITING_FACTOR = "awaiting_factor"
    BAD_CODE = "bad_code"
    PASSKEY_FAILED = "passkey_failed"
    # From a range of addresses that the staff have blocked.
    ADDRESS_BLOCKED = "address_blocked"


class SignInMethod(models.TextChoices):
    """What was shown last to prove the member."""

    PASSWORD = "password"  # noqa: S105  (a name)
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSKEY = "passkey"
    PROVIDER = "provider"
    MAILED_CODE = "mailed_code"
    TOKEN = "token"  # noqa: S105  (a name)


class LoginActivity(_FromSomewhere):
    """Exactly one row per attempt to sign in, with its final outcome."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    # The address as `address_rules.key_of` writes it, so that every engine finds ranges by an index.
    address_key = models.CharField(max_length=32, blank=True, default="")
    outcome = models.CharField(max_length=20, choices=LoginOutcome)
    method = models.CharField(max_length=20, choices=SignInMethod, blank=True)
    path = models.CharField(max_length=100)
    # Whether the browser had signed in to this account before.
    is_known_device = models.BooleanField(default=False)
    user_agent = models.CharField(max_length=300, blank=True)
    session_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-created_at"], name="users_login_member"),
            models.Index(fields=["address", "-created_at"], name="users_login_address"),
            models.Index(fields=["address_key", "-created_at"], name="users_login_range"),
            models.Index(fields=["-created_at"], name="users_login_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.created_at:%Y-%m-%d %H:%M:%S}"


class AccessToken(models.Model):
    """A key that a member made for a program. Only its digest is kept; the prefix tells tokens apart."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    # As in OAuth: names with spaces between them.
    scopes = models.CharField(max_length=300)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["member", "-created_at"], name="users_token_member")]

    def __str__(self) -> str:
        return self.prefix


class PasswordReset(models.Model):
    """A link that a member who forgot the password got by mail. Only the digest of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    # MAC of the stored password that it is for: any other password ends it.
    password_mac = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    # When it was used or ended by too many tries.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "ended_at"], name="users_reset_member"),
            models.Index(fields=["expires_at"], name="users_reset_old"),
        ]

    def __str__(self) -> str:
        return f"reset of {self.member_id}"


class TotpUse(models.Model):
    """The last time step whose code the member used. Only later ones are taken (RFC 6238 §5.2)."""

    member = models.OneToOneField("users.User", primary_key=True, on_delete=models.CASCADE, related_name="+")
    counter = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.member_id} {self.counter}"


class RecoveryCode(models.Model):
    """One of the member's ten single-use codes, as a salted hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # Hexadecimal; the codes of a set share a salt, so that an attempt costs one hash.
    salt = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "digest"], name="users_recovery_code_once")]

    def __str__(self) -> str:
        return str(self.id)


class ProviderIdentity(models.Model):
    """Somebody at an identity provider who is this member. The digest is of issuer and subject together."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # A digest, since MariaDB compares text without regard to case, and subjects differ by it.
    digest = models.CharField(max_length=64, unique=True)
    issuer = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["member"], name="users_identity_member")]

    def __str__(self) -> str:
        return f"{self.issuer} {self.member_id}"


class AccountRecovery(models.Model):
    """A member's request to get in after losing every second step. Digests stand for the mailed tokens."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", on_delete=models.CASCADE, related_name="+")
    # The member while it is open, so that there is at most one; empty afterwards.
    open_of = models.OneToOneField("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=20, choices=_choices(RecoveryState), default=RecoveryState.WAITING.value
    )
    # What the member wrote to the staff, encrypted.
    reason_sealed = models.BinaryField()
    # Why the staff refused, in words for the member.
    answer = models.CharField(max_length=300, blank=True)
    cancel_digest = models.CharField(max_length=64, blank=True, db_index=True)
    link_digest = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "created_at"], name="users_recovery_state")]

    def __str__(self) -> str:
        return f"{self.state} recovery {self.id}"


class RecoveryApproval(models.Model):
    """One of the staff agrees. By id, since it outlives whoever agreed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recovery = models.ForeignKey("users.AccountRecovery", on_delete=models.CASCADE, related_name="approvals")
    staff_id = models.UUIDField()
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recovery", "staff_id"], name="users_approves_once")]

    def __str__(self) -> str:
        return f"{self.staff_id} approves {self.recovery_id}"

"""The member, what staff may do, and the record of every sign-in attempt."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

from beyou.core.clock import now
from beyou.core.ids import uuid7
from beyou.users.rules import Level

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
    is_demo = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["handle", "name"]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        indexes = [models.Index(fields=["name"], name="users_user_name")]

    def __str__(self) -> str:
        return self.handle

    @property
    def initials(self) -> str:
        words = self.name.split() or [self.handle]
        return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


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


class LoginOutcome(models.TextChoices):
    SUCCESS = "success"
    BAD_CREDENTIALS = "bad_credentials"
    UNKNOWN = "unknown"
    LIMITED = "limited"
    INACTIVE = "inactive"
    UNCONFIRMED = "unconfirmed"


class LoginActivity(models.Model):
    """Exactly one row per attempt to sign in, with its final outcome."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("users.User", null=True, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=20, choices=LoginOutcome)
    path = models.CharField(max_length=100)
    address = models.GenericIPAddressField()
    user_agent = models.CharField(max_length=300, blank=True)
    session_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-created_at"], name="users_login_member"),
            models.Index(fields=["-created_at"], name="users_login_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.created_at:%Y-%m-%d %H:%M:%S}"

"""The one settings module: typed, read from BEYOU_* (docs/reference/settings.md), safe by default."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django.contrib.admin
from django.core.exceptions import ImproperlyConfigured

from beyou.config.databases import database_from_url, sqlite
from beyou.config.environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
_env = Environment(os.environ, BASE_DIR)

MODE = _env.mode
PRODUCTION = MODE == "production"
DATA_DIR = _env.data_dir
# Debug pages would leak settings and relax the CSP; the log tells developers the same.
DEBUG = False

ORIGIN = _env.text("BEYOU_ORIGIN").rstrip("/")
_origin = urlsplit(ORIGIN)
if PRODUCTION and _origin.scheme != "https":
    raise ImproperlyConfigured("Production needs BEYOU_ORIGIN with https, such as https://example.org.")
if f"{_origin.scheme}://{_origin.netloc}" != ORIGIN or "@" in _origin.netloc or not _origin.hostname:
    raise ImproperlyConfigured("BEYOU_ORIGIN is scheme, host and port only, such as https://example.org.")
#: Where links lead that leave the site, as in mails. `serve` puts its own port here in development: the
#: origin that envelopes sign must not change under old messages, but a link has to be reached.
LINK_ORIGIN = ORIGIN
INSTANCE_NAME = _env.text("BEYOU_INSTANCE_NAME")
IN_PROCESS = _env.choice("BEYOU_IN_PROCESS") == "1"

SECRET_KEY = _env.text("BEYOU_SECRET_KEY")
if PRODUCTION and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10):
    raise ImproperlyConfigured("BEYOU_SECRET_KEY needs 50 characters or more, and not always the same ones.")
ENCRYPTION_KEYS = _env.fernet_keys("BEYOU_ENCRYPTION_KEYS")
MAC_KEY = _env.secret_bytes("BEYOU_MAC_KEY", 32)

VERIFICATION_DOCUMENT_DAYS = _env.integer("BEYOU_VERIFICATION_DOCUMENT_DAYS")
VERIFICATION_FOUR_EYES = _env.choice("BEYOU_VERIFICATION_FOUR_EYES") == "1"
STAFF_IDLE_MINUTES = _env.integer("BEYOU_STAFF_IDLE_MINUTES")
STAFF_ABSOLUTE_HOURS = _env.integer("BEYOU_STAFF_ABSOLUTE_HOURS")
MARKET_CURRENCY = _env.currency("BEYOU_MARKET_CURRENCY")
MARKET_COMMISSION = _env.integer("BEYOU_MARKET_COMMISSION")
CLAIM_DAYS = _env.integer("BEYOU_CLAIM_DAYS")
CLAIM_ANSWER_DAYS = _env.integer("BEYOU_CLAIM_ANSWER_DAYS")
CLAIM_FOUR_EYES = _env.integer("BEYOU_CLAIM_FOUR_EYES")
MARKET_BROWSING = _env.choice("BEYOU_MARKET_BROWSING")
FIXED_OPTIONS = _env.fixed_options("BEYOU_FIXED_SETTINGS")
STAFF_PREFIX = _env.path_segment("BEYOU_STAFF_PREFIX")
ADMIN_PATH = _env.path_segment("BEYOU_ADMIN_PATH") if _env.given("BEYOU_ADMIN_PATH") else ""
if ADMIN_PATH and (len(set(ADMIN_PATH)) < 8 or "admin" in ADMIN_PATH.lower() or ADMIN_PATH == STAFF_PREFIX):
    raise ImproperlyConfigured(
        "BEYOU_ADMIN_PATH must be hard to guess: 8 different characters or more, without the word admin, and"
        " not BEYOU_STAFF_PREFIX again."
    )

LEDGER_KEY_SEED = _env.secret_bytes("BEYOU_LEDGER_KEY_SEED", 32)
LEDGER_ORIGIN = _origin.netloc + "/ledger"
LEDGER_CONSENSUS = _env.choice("BEYOU_LEDGER_CONSENSUS")
LEDGER_DIFFICULTY_BITS = _env.integer("BEYOU_LEDGER_DIFFICULTY_BITS")
LEDGER_HIGH_WATER = DATA_DIR / "ledger.highwater"

MESSAGE_LIMIT_BYTES = _env.integer("BEYOU_MESSAGE_LIMIT_BYTES")
MESSAGES_PER_MINUTE = _env.integer("BEYOU_MESSAGES_PER_MINUTE")
FRAMES_PER_SECOND = _env.integer("BEYOU_FRAMES_PER_SECOND")
SOCKETS_PER_MEMBER = _env.integer("BEYOU_SOCKETS_PER_MEMBER")
SIGN_UP_POW_COST = _env.integer("BEYOU_SIGN_UP_POW_COST")
TRUSTED_PROXIES = _env.integer("BEYOU_TRUSTED_PROXIES")
LOGIN_LOG_DAYS = _env.integer("BEYOU_LOGIN_LOG_DAYS")
GEO_DATABASE = _env.given("BEYOU_GEO_DATABASE")

ALLOWED_HOSTS = [_origin.hostname] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = [ORIGIN] if PRODUCTION else []

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.auth",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "beyou.core",
    "beyou.audit",
    "beyou.media",
    "beyou.instance",
    "beyou.users",
    "beyou.keys",
    "beyou.verification",
    "beyou.blocks",
    "beyou.privacy",
    "beyou.automod",
    "beyou.notifications",
    "beyou.ledger",
    "beyou.search",
    "beyou.payments",
    "beyou.friends",
    # A pretend bank must not stand where members trade for money.
    *([] if PRODUCTION else ["beyou.sandbox"]),
    "beyou.messaging",
    "beyou.marketplace",
    "beyou.offers",
    "beyou.orders",
    "beyou.disputes",
    "beyou.reviews",
    "beyou.analytics",
    "beyou.moderation",
    "beyou.reports",
    "beyou.health",
    "beyou.console",
    "beyou.backroom",
    "beyou.config",
]

MIDDLEWARE = [
    "beyou.core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "beyou.core.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "beyou.users.pace.BeatMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "beyou.users.app_sessions.AppSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "beyou.users.middleware.MemberMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "beyou.core.middleware.ErrorMiddleware",
    "beyou.core.toasts.ToastMiddleware",
]

ROOT_URLCONF = "beyou.config.urls"
WSGI_APPLICATION = "beyou.config.wsgi.application"
ASGI_APPLICATION = "beyou.config.asgi.application"

# The back room uses the code of Django's admin without its app, whose table would be one that nobody writes.
_admin = Path(django.contrib.admin.__file__).parent

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": False,
        "DIRS": [_admin / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "beyou.core.context.instance",
                "beyou.instance.context.place",
                "beyou.notifications.context.notification_count",
                "beyou.messaging.context.chat_count",
                "beyou.orders.context.cart_count",
                "beyou.console.context.staff_pages",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        # Ours first.
                        "django.template.loaders.app_directories.Loader",
                        "django.template.loaders.filesystem.Loader",
                    ],
                )
            ],
            "libraries": {
                name: f"django.contrib.admin.templatetags.{name}"
                for name in ("admin_list", "admin_modify", "admin_urls")
            },
            "builtins": ["django.templatetags.static", "beyou.core.templatetags.beyou"],
        },
    }
]

_database_url = _env.given("BEYOU_DATABASE_URL")
DATABASES = {
    "default": database_from_url(_database_url) if _database_url else sqlite(DATA_DIR / "db.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _env.given("BEYOU_REDIS_URL")
if PRODUCTION and not IN_PROCESS and not REDIS_URL:
    raise ImproperlyConfigured("Several processes (BEYOU_IN_PROCESS=0) need BEYOU_REDIS_URL.")
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # A store that hangs must not hold every thread of the pages.
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
        if REDIS_URL
        # Spent proofs of work are kept here: with few places a stranger could push them out and spend
        # them again.
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    )
}

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["beyou.users.backends.MemberBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if MODE == "test"
    else ["beyou.users.hashers.MemberHasher"]
)
PASSWORD_MIN_LENGTH = _env.integer("BEYOU_PASSWORD_MIN_LENGTH")
BREACHED_PASSWORDS = _env.file("BEYOU_BREACHED_PASSWORDS")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "beyou.users.validators.LengthValidator", "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("handle", "name", "email")},
    },
    {"NAME": "beyou.users.validators.GuessableValidator"},
    {"NAME": "beyou.users.validators.BreachedValidator", "OPTIONS": {"path": BREACHED_PASSWORDS}},
]

SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "beyou-session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "beyou-csrf"
DEVICE_COOKIE_NAME = "__Host-device" if PRODUCTION else "beyou-device"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "beyou.users.session_store"
SESSION_IDLE_HOURS = _env.integer("BEYOU_SESSION_IDLE_HOURS")
SESSION_ABSOLUTE_DAYS = _env.integer("BEYOU_SESSION_ABSOLUTE_DAYS")
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_DAYS * 24 * 3600
CSRF_FAILURE_VIEW = "beyou.core.views.csrf_failure"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION and TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
# Preloading HSTS binds a whole domain for years: that is for its owner to ask for.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Of JSON and form fields; files have a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# The pictures of one item.
DATA_UPLOAD_MAX_NUMBER_FILES = 8
UPLOAD_FILE_BYTES = 8 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["beyou.core.uploads.BoundedUploadHandler"]
MEDIA_QUOTA_MB = _env.integer("BEYOU_MEDIA_QUOTA_MB")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "worker-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["beyou", "beyou-htmx", "lit-html"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
STATICFILES_DIRS = [
    *(path for path in [BASE_DIR / "frontend" / "dist"] if path.is_dir()),
    # No scripts of it.
    *((f"admin/{kind}", _admin / "static" / "admin" / kind) for kind in ("css", "img")),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What members upload. Another backend, such as S3, may stand here: bytes are encrypted before it.
    "private": {"BACKEND": "beyou.media.storage.PrivateFiles", "OPTIONS": {"location": DATA_DIR / "media"}},
    # Vite's hashes are final; hashing again would load a shared chunk under two names.
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
VITE_MANIFEST = BASE_DIR / "frontend" / "dist" / ".vite" / "manifest.json"


def WHITENOISE_IMMUTABLE_FILE_TEST(path: str, url: str) -> bool:  # noqa: N802  (WhiteNoise's name)
    return url.startswith("/static/assets/")


LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/home"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "beyou.users.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "handle"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
# The one table of limits is beyou.core.limits; the account adapter asks it.
ACCOUNT_RATE_LIMITS = False
SECOND_FACTOR = _env.choice("BEYOU_SECOND_FACTOR")
REAUTHENTICATION_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = (
    _env.integer("BEYOU_REAUTHENTICATION_MINUTES") * 60
)
MFA_ADAPTER = "beyou.users.factors.MfaAdapter"
# Whoever joins waits for the next quarter of a second, whatever was found; tests do where time is the matter.
JOIN_BEAT_SECONDS = 0.0 if MODE == "test" else 0.25
# Recovery codes are ours: allauth would store what it can compute them from.
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_TOTP_ISSUER = INSTANCE_NAME
MFA_PASSKEY_LOGIN_ENABLED = True
# Our links instead of allauth's keys: single use, and made outside the request.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "beyou.users.password_gate.ResetTokens"  # noqa: S105  (a class)
ACCOUNT_FORMS = {
    "signup": "beyou.users.forms.SignUpForm",
    "login": "beyou.users.forms.SignInForm",
    "confirm_email_verification_code": "beyou.users.forms.CodeForm",
}

PAYMENT_GATEWAY = _env.given("BEYOU_PAYMENT_GATEWAY") or ("none" if PRODUCTION else "sandbox")
_env.choice("BEYOU_PAYMENT_GATEWAY")
if PRODUCTION and PAYMENT_GATEWAY == "sandbox":
    raise ImproperlyConfigured(
        "BEYOU_PAYMENT_GATEWAY is sandbox, a pretend bank: production must not take its money for real."
    )
STRIPE_SECRET_KEY = _env.text("BEYOU_STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = _env.text("BEYOU_STRIPE_WEBHOOK_SECRET")
STRIPE_CONNECT = _env.choice("BEYOU_STRIPE_CONNECT") == "1"
STRIPE_API = _env.text("BEYOU_STRIPE_API").rstrip("/")
if PAYMENT_GATEWAY == "stripe" and not (STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET):
    raise ImproperlyConfigured(
        "BEYOU_PAYMENT_GATEWAY is stripe: it needs BEYOU_STRIPE_SECRET_KEY and BEYOU_STRIPE_WEBHOOK_SECRET."
    )
if PAYMENT_GATEWAY == "stripe" and find_spec("stripe") is None:
    raise ImproperlyConfigured("BEYOU_PAYMENT_GATEWAY is stripe: install the extra, beyou[stripe].")
if PRODUCTION and urlsplit(STRIPE_API).scheme != "https":
    raise ImproperlyConfigured("BEYOU_STRIPE_API must begin with https:// in production.")

OIDC_PROVIDERS = _env.oidc_providers("BEYOU_OIDC_PROVIDERS")

MAIL_URL = _env.text("BEYOU_MAIL_URL")
DEFAULT_FROM_EMAIL = _env.text("BEYOU_MAIL_FROM")
_mail = urlsplit(MAIL_URL)
if _mail.scheme == "console":
    if PRODUCTION:
        raise ImproperlyConfigured(
            "Production needs BEYOU_MAIL_URL, such as smtp+tls://user:password@host:587."
        )
    EMAIL_BACKEND = (
        "django.core.mail.backends.locmem.EmailBackend"
        if MODE == "test"
        else "beyou.users.mail.DevelopmentBackend"
    )
elif _mail.scheme in ("smtp", "smtp+tls"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 587
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.username or "", _mail.password or ""
    EMAIL_USE_TLS = _mail.scheme == "smtp+tls"
else:
    raise ImproperlyConfigured("BEYOU_MAIL_URL must begin with console:, smtp:// or smtp+tls://.")

ALERT_WEBHOOK_URL = _env.text("BEYOU_ALERT_WEBHOOK_URL")
ALERT_WEBHOOK_SECRET = _env.text("BEYOU_ALERT_WEBHOOK_SECRET")
if ALERT_WEBHOOK_URL:
    try:
        _hook = urlsplit(ALERT_WEBHOOK_URL)
        _is_hook = _hook.scheme in ("http", "https") and bool(_hook.hostname) and _hook.port != 0
    except ValueError:
        _is_hook = False
    if (
        not _is_hook
        or "@" in ALERT_WEBHOOK_URL
        or not ALERT_WEBHOOK_URL.isascii()
        or " " in ALERT_WEBHOOK_URL
    ):
        raise ImproperlyConfigured(
            "BEYOU_ALERT_WEBHOOK_URL must begin with http:// or https:// and hold no password."
        )
    if len(ALERT_WEBHOOK_SECRET) < 32:
        raise ImproperlyConfigured(
            "BEYOU_ALERT_WEBHOOK_URL needs BEYOU_ALERT_WEBHOOK_SECRET with 32 characters or more."
        )

LOG_LEVEL = _env.choice("BEYOU_LOG_LEVEL").upper()
LOGGING_CONFIG = "beyou.core.logging.configure"
LOGGING = {"level": LOG_LEVEL, "json": PRODUCTION}

"""Every setting of Countersign. What a deployment decides is read from the environment at the top, nowhere else."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from console.environment import Environment, origin_of

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What the environment decides ---------------------------------------------------------------------------------

env = Environment()

SECRET_KEY = env.text("SECRET_KEY", "", "Signs sessions and links. Required; at least 50 random characters.")
CREDENTIAL_SECRET = env.text(
    "CREDENTIAL_SECRET", "", "HMAC key of stored credentials. Required; changing it voids every credential."
)
PUBLIC_URL = env.url(
    "PUBLIC_URL", "", "Where people reach the console, e.g. https://console.example.com. Required; mails link to it."
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", [], "Comma-separated host names served. Default: the host of PUBLIC_URL.")
DATABASE_URL = env.database(
    "DATABASE_URL",
    f"sqlite:///{BASE_DIR / 'var' / 'countersign.sqlite3'}",
    "sqlite:///path (default: var/countersign.sqlite3) or postgres://… (15 or newer) for production.",
)
DATABASE_PREPARE = env.flag(
    "DATABASE_PREPARE", True, "Prepared statements on PostgreSQL; set false behind a transaction pooler."
)
DEVICE_RATE_LIMIT_SECRET = env.text(
    "DEVICE_RATE_LIMIT_SECRET", "", "HMAC key of the rate-limit counters. Without it device authorization answers 503."
)
RATE_LIMIT_FACTOR = env.number(
    "RATE_LIMIT_FACTOR", 1, "Multiplies every rate limit. For trials and tests only; leave it at 1 in production."
)
TRUSTED_PROXIES = env.networks(
    "TRUSTED_PROXIES", "Comma-separated networks whose X-Forwarded-For and -Proto are believed. Default: none."
)
MAIL_URL = env.mail(
    "MAIL_URL", "", "smtp://user:password@host:587 (or smtps://). Without it mail is printed to the worker's output."
)
MAIL_FROM = env.text("MAIL_FROM", "Countersign <countersign@localhost>", "Sender of every mail.")
GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID", "", "OAuth client of 'Sign in with Google'. Default: not offered.")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET", "", "The secret of that client.")
OPENID_PROVIDERS = env.json(
    "OPENID_PROVIDERS",
    [],
    'JSON list of OpenID providers: [{"id", "name", "client_id", "secret", "server_url"}]. Default: none.',
)
SIGN_UP_OPEN = env.flag("SIGN_UP_OPEN", True, "Whether strangers may create an account.")
METRICS_TOKEN = env.text("METRICS_TOKEN", "", "Bearer token for /metrics. Without it /metrics answers 404.")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR.")
DATA_DIR = Path(
    env.text("DATA_DIR", str(BASE_DIR / "var" / "demo"), "The demo's own folder: database, mails, demo.json.")
)
STATIC_ROOT = Path(
    env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"), "Where collectstatic puts what /static/ serves.")
)
DEMO = env.flag("DEMO", False, "Set by `manage.py demo`: mail also goes to DATA_DIR/mail. Refused elsewhere.")
DEBUG = env.flag("DEBUG", False, "Django's debug mode; never in production.")
SETTINGS_PROBLEMS = env.problems
# Django refuses to hand out an empty SECRET_KEY, even to the check that would name it.
SECRET_LENGTHS = {"SECRET_KEY": len(SECRET_KEY), "CREDENTIAL_SECRET": len(CREDENTIAL_SECRET)}
SETTINGS_KNOWN = env.known

# --- What follows from it -----------------------------------------------------------------------------------------

_public = urlsplit(PUBLIC_URL)
HTTPS = _public.scheme == "https"
if not ALLOWED_HOSTS and _public.hostname:
    ALLOWED_HOSTS = [_public.hostname]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "accounts",
    "apps",
    "console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
]

MIDDLEWARE = [
    # Outermost: request ids, the access log, and the short way for machines that carry no cookie.
    "console.machine_door.MachineDoor",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.pages.shell",
            ],
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {"default": DATABASE_URL}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue at BEGIN instead of failing at their first write.
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=10000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "server_side_binding": True,
        # From the second time on: some statements of migrations are two in one, which cannot be prepared.
        "prepare_threshold": 1 if DATABASE_PREPARE else None,
        "connect_timeout": 3,
        "options": "-c lock_timeout=2000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000",
    }

# The cache holds allauth's sign-in limits and used one-time codes: in the database, so that they hold over processes,
# and with room for many, so that no traffic pushes them out before they expire (Django's default is 300 entries).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    },
}

# --- Signing in ---------------------------------------------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/console/"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

ACCOUNT_ADAPTER = "accounts.users.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.users.adapters.SocialAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# A code keeps the human in the same tab, so that the way back to the agent's code is never lost.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# A code here too: allauth's reset links have no room for ids with a prefix.
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {} if RATE_LIMIT_FACTOR == 1 else False
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_TOTP_ISSUER = "Countersign"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
# A write per request would make a page that asks every three seconds cost twenty times what it should.
USERSESSIONS_TRACK_ACTIVITY = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
_google = {"client_id": GOOGLE_CLIENT_ID, "secret": GOOGLE_CLIENT_SECRET, "key": ""}
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "google": {
        "SCOPE": ["profile", "email"],
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [_google] if GOOGLE_CLIENT_ID else [],
    },
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": provider.get("id", ""),
                "name": provider.get("name", provider.get("id", "")),
                "client_id": provider.get("client_id", ""),
                "secret": provider.get("secret", ""),
                "settings": {"server_url": provider.get("server_url", "")},
            }
            for provider in OPENID_PROVIDERS
        ],
    },
}

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "countersign_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "console.errors.csrf_failure"

# --- Security headers ---------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^v1/", r"^oauth/", r"^\.well-known/", r"^api/"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PROVIDER_ORIGINS = [
    *(["https://accounts.google.com"] if GOOGLE_CLIENT_ID else []),
    *(origin for provider in OPENID_PROVIDERS if (origin := origin_of(provider.get("server_url", "")))),
]
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    # Browsers hold the redirect of a form to this list as well: signing in with a provider leaves for its origin.
    "form-action": [CSP.SELF, *PROVIDER_ORIGINS],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# --- Words, times, files ------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Mail and logs ------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = MAIL_FROM
MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
if DEMO:
    MAILERS["default"] = {"BACKEND": "console.demo.mail.EmailBackend"}
elif MAIL_URL:
    _mail = urlsplit(MAIL_URL)
    MAILERS["default"] = {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": _mail.hostname or "localhost",
            "port": _mail.port or (465 if _mail.scheme == "smtps" else 587),
            "username": unquote(_mail.username or ""),
            "password": unquote(_mail.password or ""),
            "use_ssl": _mail.scheme == "smtps",
            "use_tls": _mail.scheme == "smtp",
            "timeout": 10,
        },
    }

LOGGING_CONFIG = "console.logs.configure"
# A level that is none is named by a check; until then it must not stop the start with a traceback.
LOGGING = {"level": LOG_LEVEL if LOG_LEVEL in {"DEBUG", "INFO", "WARNING", "ERROR"} else "INFO"}
SILENCED_SYSTEM_CHECKS: list[str] = []

"""django-oauth-toolkit's device flow with nothing else around it.

DOT_AS_GENERATED=1: middleware and database options as `startproject` leaves them (a connection for every request).
Otherwise the connection is kept and statements are prepared, as in the product, and middleware is left out.
"""

import os
from urllib.parse import urlsplit

_database = urlsplit(os.environ["DATABASE_URL"])

SECRET_KEY = "a-secret-of-the-bench-that-guards-nothing-at-all-peer"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "dot_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
AS_GENERATED = os.environ.get("DOT_AS_GENERATED") == "1"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "oauth2_provider",
]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
if AS_GENERATED:
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path[1:],
        "USER": _database.username,
        "PASSWORD": _database.password or "",
        "HOST": _database.hostname,
        "PORT": _database.port,
        "CONN_MAX_AGE": 0 if AS_GENERATED else None,
        "OPTIONS": {} if AS_GENERATED else {"server_side_binding": True, "prepare_threshold": 1},
    }
}
OAUTH2_PROVIDER = {
    "OAUTH_DEVICE_VERIFICATION_URI": "http://127.0.0.1/o/device",
    "SCOPES": {"read": "Read"},
    "DEVICE_FLOW_INTERVAL": 5,
}
LOGGING = {"version": 1, "root": {"level": "CRITICAL"}, "loggers": {"django.request": {"level": "CRITICAL"}}}

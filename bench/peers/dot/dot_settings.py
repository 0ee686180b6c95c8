"""django-oauth-toolkit's device flow with nothing else around it."""

import os
from urllib.parse import urlsplit

_database = urlsplit(os.environ["DATABASE_URL"])

SECRET_KEY = "a-secret-of-the-bench-that-guards-nothing-at-all-peer"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "dot_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path[1:],
        "USER": _database.username,
        "PASSWORD": _database.password or "",
        "HOST": _database.hostname,
        "PORT": _database.port,
        "CONN_MAX_AGE": None,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 1},
    }
}
OAUTH2_PROVIDER = {
    "OAUTH_DEVICE_VERIFICATION_URI": "http://127.0.0.1/o/device",
    "SCOPES": {"read": "Read"},
    "DEVICE_FLOW_INTERVAL": 5,
}
LOGGING = {"version": 1, "root": {"level": "CRITICAL"}, "loggers": {"django.request": {"level": "CRITICAL"}}}

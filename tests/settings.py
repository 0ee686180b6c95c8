"""The settings of the product, with the environment of a test run filled in first."""

import os
import secrets

os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
os.environ.setdefault("CREDENTIAL_SECRET", secrets.token_urlsafe(48))
os.environ.setdefault("DEVICE_RATE_LIMIT_SECRET", secrets.token_urlsafe(48))
os.environ.setdefault("PUBLIC_URL", "http://testserver")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,127.0.0.1,localhost")
os.environ.setdefault("LOG_LEVEL", "ERROR")
os.environ.setdefault("DEBUG", "false")
# Playwright keeps an event loop in this process; the tests after a browser test are as synchronous as those before it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from console.settings import *  # noqa: F403  (settings are made to be taken over whole)

# Template typing errors fail; hashing is not what is tested; static files are served by name without a build.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
ACCOUNT_RATE_LIMITS = False
# Every test client builds the middleware anew: it must not read all static files each time.
WHITENOISE_AUTOREFRESH = True

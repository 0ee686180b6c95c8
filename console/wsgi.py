"""The WSGI callable, plain so that granian, gunicorn or anything else serves it."""

import os
import sys

from django.core.checks import Tags, run_checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

application = get_wsgi_application()

_errors = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
if _errors:
    sys.exit("\n".join(f"{message.id}: {message.msg} {message.hint or ''}" for message in _errors))

"""The WSGI callable, plain so that granian, gunicorn or anything else serves it."""

import os
import sys

import django
from django.core.checks import Tags, run_checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

# Checked before anything is built from the settings, so that a wrong one is a line and not a traceback of its victim.
django.setup(set_prefix=False)
_errors = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
if _errors:
    sys.exit("\n".join(f"{message.id}: {message.msg} {message.hint or ''}" for message in _errors))

application = get_wsgi_application()

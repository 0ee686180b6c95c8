"""The demo's mail: printed to the terminal and kept as files in DATA_DIR/mail."""

import sys
import time
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = settings.DATA_DIR / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{time.time_ns()}-{message.to[0].replace('/', '_')}.eml"
            partial = folder / f".{name}"
            partial.write_bytes(message.message().as_bytes())
            partial.rename(folder / name)
            heading = f"--- mail to {', '.join(message.to)} · {message.subject}"
            print(f"\n{heading}\n{message.body}---", file=sys.stdout, flush=True)
        return len(email_messages)

"""`manage.py worker`: mail, expiry and pruning. One is enough; several share the work."""

import logging
import signal
import threading
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone

from accounts import idempotency, outbox, rate_limits
from accounts.bookkeeping import Fact
from accounts.devices import human_rules
from console.health import WORKER_FACT

TICK_SECONDS = 1.0
SIGN_OF_LIFE_EVERY_SECONDS = 10.0
PRUNE_EVERY_TICKS = 600
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Send mail and forget what has expired, until stopped."

    seen_alive = float("-inf")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        tick = 0
        while not stopped.is_set():
            try:
                self.round(tick)
            except (OperationalError, InterfaceError):
                # The database is away or busy: everything is still in its tables, the next round finds it.
                logger.warning("the database does not answer; trying again", exc_info=True)
                close_old_connections()
            if options["once"]:
                return
            tick += 1
            stopped.wait(TICK_SECONDS)

    def live(self) -> None:
        """A sign of life for /readyz, at most every ten seconds; also between mails, since one may take long."""
        if time.monotonic() - self.seen_alive >= SIGN_OF_LIFE_EVERY_SECONDS:
            self.seen_alive = time.monotonic()
            Fact.objects.update_or_create(name=WORKER_FACT, defaults={"value": {}, "at": timezone.now()})

    def round(self, tick: int) -> None:
        now = timezone.now()
        self.live()
        outbox.sweep(alive=self.live)
        if tick % PRUNE_EVERY_TICKS == 0:
            rate_limits.prune()
            idempotency.prune(now)
            outbox.prune(now)
            human_rules.prune(now)
            call_command("clearsessions")

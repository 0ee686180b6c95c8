"""`manage.py demo`: the whole product on this machine, with people, workspaces and a code that waits."""

import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands.collectstatic import Command as CollectStatic
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from console.demo import processes
from console.demo.seed import seed, waiting_code, write

MARKER = "made_by_demo"  # a table that says whose database it is
RENEW_CODE_EVERY_SECONDS = 540


class Command(BaseCommand):
    help = "Run the product on this machine with demo data: http://127.0.0.1:8000 or the next free port."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, help="listen on this port instead of the first free one from 8000")
        parser.add_argument("--reset", action="store_true", help="forget the data of earlier demos first")
        parser.add_argument("--no-serve", action="store_true", help="prepare the data and stop")
        parser.add_argument("--relaxed-limits", action="store_true", help="rate limits a thousand times higher")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Start the demo with `manage.py demo`.")
        processes.end_on_signals()
        self._prepare_database(reset=options["reset"])
        facts = seed(settings.DATA_DIR)
        if options["no_serve"]:
            self._announce(facts)
            return
        self._serve(facts)

    def _prepare_database(self, *, reset: bool) -> None:
        """Migrates; refuses a database that holds anything a demo did not put there."""
        tables = connection.introspection.table_names()
        if tables and MARKER not in tables:
            raise CommandError(
                "DATABASE_URL names a database that is not empty and was not made by `demo`. Nothing was changed; "
                "name an empty one."
            )
        if not tables or reset:
            _clear(tables)
        call_command("migrate", verbosity=0)

    def _serve(self, facts: dict[str, Any]) -> None:
        call_command(CollectStatic(), interactive=False, verbosity=0)
        port = int(os.environ["DEMO_PORT"])
        children = [processes.start(processes.server(port)), processes.start(processes.worker())]
        try:
            processes.wait_until_up(settings.PUBLIC_URL, children[0])
            self._announce(facts)
            self._keep_code_waiting(facts, children)
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
        finally:
            processes.stop_all(children)

    def _keep_code_waiting(self, facts: dict[str, Any], children: list[Any]) -> None:
        """Codes live ten minutes; demo.json names a fresh one as long as the demo runs."""
        renewed = time.monotonic()
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
            if time.monotonic() - renewed > RENEW_CODE_EVERY_SECONDS:
                renewed = time.monotonic()
                write(settings.DATA_DIR / "demo.json", {**facts, "user_code": waiting_code()})
                connection.close()
        raise CommandError("A process of the demo ended by itself; see its last lines above.")

    def _announce(self, facts: dict[str, Any]) -> None:
        base = facts["base_url"]
        lines = [
            "",
            f"Countersign is at {base}/console/",
            "",
            *(f"  {role:<10} {user['email']:<26} {user['password']}" for role, user in facts["users"].items()),
            "",
            f"An agent waits with the code {facts['user_code']}:",
            f"  {base}/console/device?user_code={facts['user_code']}",
            "",
            "Be the agent yourself:",
            f"  curl -X POST {base}/v1/account/device/start -H 'Content-Type: application/json' \\",
            '    -d \'{"client_label": "my-agent", "client_fingerprint": "laptop", '
            '"scopes": ["account:workspace:read"]}\'',
            f"or let one run:  uv run manage.py agent --base-url {base}",
            "",
            f"Mail goes to this terminal and to {_short(settings.DATA_DIR / 'mail')}; "
            f"all of this is in {_short(settings.DATA_DIR / 'demo.json')}. Ctrl-C stops.",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _clear(tables: list[str]) -> None:
    """Leaves the marker alone, in one step: a demo that is killed at any point finds a database that it may use."""
    cascade = " CASCADE" if connection.vendor == "postgresql" else ""
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)}{cascade}")
        cursor.execute(f"CREATE TABLE {MARKER} (made_at text)")


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

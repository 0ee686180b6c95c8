"""Probes: is the process up, and can it serve."""

from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from accounts.bookkeeping import Fact
from accounts.pages import open_to

WORKER_FACT = "worker"
WORKER_SILENT_AFTER = timedelta(seconds=60)


@open_to("anyone")
def healthz(_: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@open_to("anyone")
def readyz(_: HttpRequest) -> JsonResponse:
    """Database, migrations and worker; 503 with the part that is not ready."""
    checks = {"database": _database(), "migrations": False, "worker": False}
    if checks["database"]:
        checks["migrations"] = _migrations()
    if checks["migrations"]:
        checks["worker"] = Fact.objects.filter(name=WORKER_FACT, at__gt=timezone.now() - WORKER_SILENT_AFTER).exists()
    ready = all(checks.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", "checks": checks}, status=200 if ready else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())

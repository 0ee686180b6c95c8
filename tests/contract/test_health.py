"""/healthz, /readyz and /metrics."""

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts.bookkeeping import Fact
from console.health import WORKER_FACT
from tests.acts import Clock


def test_the_process_answers_without_a_database(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["X-Request-Id"]


def test_ready_with_database_migrations_and_worker(db: None, clock: Clock) -> None:
    Fact.objects.create(name=WORKER_FACT, value={}, at=timezone.now())
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "checks": {"database": True, "migrations": True, "worker": True}},
    )
    clock.forward(seconds=61)
    assert Client().get("/readyz").status_code == 503


def test_not_ready_without_a_worker(db: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "migrations": True, "worker": False}


def test_not_ready_without_a_migration(db: None) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="accounts").order_by("-pk").first().delete()  # type: ignore[union-attr]
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] is False


def test_not_ready_without_a_database(db: None) -> None:
    def fails(*_: Any) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(fails):
        answer = Client().get("/readyz")
        assert Client().get("/healthz").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": False, "migrations": False, "worker": False}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
def test_metrics_are_not_there_without_their_token(db: None, settings: Any, header: dict[str, str]) -> None:
    assert Client().get("/metrics", headers=header).status_code == 404
    settings.METRICS_TOKEN = "x" * 20
    assert Client().get("/metrics", headers=header).status_code == 404


def test_metrics_for_the_operator(db: None, settings: Any) -> None:
    settings.METRICS_TOKEN = "x" * 20
    Client().get("/v1/account/me")
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {'x' * 20}"})
    assert answer.status_code == 200
    assert 'route="v1/account/me"' in answer.content.decode()

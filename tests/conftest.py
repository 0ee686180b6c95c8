"""Fixtures: personas on the test database, and the product served for real."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Workspace
from tests.acts import Clock, standing_clock
from tests.needs import CHROMIUM_ARGUMENTS, chromium
from tests.personas import Agent, Human, person
from tests.serving import Demo, running_demo, scratch_postgres


@pytest.fixture(autouse=True)
def nobodys_language() -> Iterator[None]:
    """Django's locale middleware leaves a page's language on the thread; the next test must not read in it."""
    yield
    translation.deactivate()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(name="Paper Planes")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    return Workspace.objects.create(name="Elsewhere")


@pytest.fixture
def owner(workspace: Workspace) -> Human:
    return person("owner@example.com", workspace, "owner")


@pytest.fixture
def admin(workspace: Workspace) -> Human:
    return person("admin@example.com", workspace, "admin")


@pytest.fixture
def developer(workspace: Workspace) -> Human:
    return person("developer@example.com", workspace, "developer")


@pytest.fixture
def viewer(workspace: Workspace) -> Human:
    return person("viewer@example.com", workspace, "viewer")


@pytest.fixture
def stranger(other_workspace: Workspace) -> Human:
    return person("stranger@example.com", other_workspace, "owner")


@pytest.fixture
def reviewer(db: None) -> Human:
    return person("reviewer@example.com", staff=True)


@pytest.fixture
def agent(db: None) -> Agent:
    return Agent(Client(enforce_csrf_checks=True))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that stands still until the test moves it."""
    with standing_clock() as found:
        yield found


@pytest.fixture(scope="session")
def demo_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The product served on SQLite, with relaxed limits."""
    with running_demo(tmp_path_factory.mktemp("demo-sqlite")) as demo:
        yield demo


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A scratch PostgreSQL database."""
    with scratch_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def demo_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Demo]:
    """The product served on PostgreSQL, with relaxed limits."""
    with running_demo(tmp_path_factory.mktemp("demo-postgres"), postgres_url) as demo:
        yield demo


@pytest.fixture(params=["sqlite", "postgres"])
def demo(request: pytest.FixtureRequest) -> Demo:
    """The product served, on each database in turn."""
    found: Demo = request.getfixturevalue(f"demo_on_{request.param}")
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """pytest-playwright drives the Chromium that is there; none is downloaded."""
    return {"executable_path": chromium(), "args": CHROMIUM_ARGUMENTS, "headless": True}

"""An agent that was let in."""

import pytest

from accounts.models import Workspace
from tests import acts
from tests.personas import Agent, Human


@pytest.fixture
def let_in(agent: Agent, owner: Human, workspace: Workspace) -> Agent:
    """The agent of the seed, with its six scopes in the owner's workspace."""
    acts.let_in(agent, owner, workspace)
    return agent

"""The shape of every answer under /v1: never an HTML page, a redirect or a traceback."""

import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from accounts.endpoints import WRITES
from accounts.models import Workspace
from console.v1 import ROUTES
from tests.acts import READ, complained_fields, let_in, refused
from tests.personas import Agent, Human

START = "/v1/account/device/start"
ME = "/v1/account/me"
METHODS: dict[str, set[str]] = {}
for route in ROUTES:
    METHODS.setdefault("/v1" + re.sub(r"\{\w+\}", "CDFG-2345", route.path), set()).add(route.method)
DOCUMENTS = ["/v1/openapi.json", "/v1/docs", "/v1/llms.txt"]


@pytest.fixture(params=["no cookie", "a session", "a foreign cookie"])
def caller(request: pytest.FixtureRequest, db: None) -> Client:
    """A client that takes the short way, the whole way, and the whole way with nobody signed in."""
    if request.param == "a session":
        human: Human = request.getfixturevalue("owner")
        return human.client
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if request.param == "a foreign cookie":
        client.cookies["countersign_session"] = "nonsense"
    return client


NOWHERE = ["/v1/", "/v1/nothing", "/v1/account", "/v1/account/", "/v1/account/me/", "/v1/account/device/start/"]
ODD = ["/v1/account//me", "/v1/%00", "/v1/%FF", "/v1/../console/", "/v1/account/me;x", "/v1/" + "x" * 5000, "/v1"]


@pytest.mark.parametrize("path", [*NOWHERE, *ODD])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_where_nothing_is(caller: Client, path: str, method: str) -> None:
    refused(caller.generic(method, path), 404, "not_found")


@pytest.mark.parametrize("path", sorted(METHODS))
def test_another_method(caller: Client, path: str) -> None:
    taken = METHODS[path]
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"} - taken:
        answer = caller.generic(method, path)
        refused(answer, 405, "method_not_allowed")
        assert {name.strip() for name in answer["Allow"].split(",")} == taken


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_documents_are_only_read(caller: Client, path: str, method: str) -> None:
    answer = caller.generic(method, path)
    refused(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    ("method", "path"), sorted((method, path) for path, methods in METHODS.items() for method in methods & WRITES)
)
class TestBodies:
    """Whoever may call, and whatever is sent: one shape."""

    def call(self, agent: Agent, owner: Human, method: str, path: str, body: bytes, content_type: str) -> list[Any]:
        """As the agent and as the human; one of them may call."""
        headers = {"X-CSRFToken": owner.client.cookies["csrftoken"].value}
        bearer = {"Authorization": f"Bearer {agent.token}"}
        workspace = owner.user.memberships.get().workspace_id
        return [
            agent.client.generic(method, path, body, content_type=content_type, headers=bearer),
            owner.client.generic(
                method, path, body, content_type=content_type, headers={**headers, "X-Workspace": workspace}
            ),
        ]

    @pytest.mark.parametrize(
        ("body", "content_type", "status"),
        [
            (b"x=1", "text/plain", 415),
            (b"x" * 65_537, "application/json", 413),
            (b"{", "application/json", 400),
            (b'{"no_such_field": 1}', "application/json", 400),
        ],
    )
    def test_are_refused_alike(
        self,
        agent: Agent,
        owner: Human,
        workspace: Workspace,
        method: str,
        path: str,
        body: bytes,
        content_type: str,
        status: int,
    ) -> None:
        let_in(agent, owner, workspace)
        answers = self.call(agent, owner, method, path, body, content_type)
        assert status in {answer.status_code for answer in answers}
        for answer in answers:
            assert answer.status_code in {status, 401, 403}, answer.content
            refused(answer, answer.status_code, answer.json()["detail"]["code"])


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "x" * 300, "a b", "testserver:port", "[::1"]
)
def test_a_host_that_is_not_served(caller: Client, host: str) -> None:
    for path in (ME, START, "/v1/nothing", "/v1/openapi.json"):
        answer = caller.get(path, headers={"Host": host})
        refused(answer, 400, "invalid_request")


class TestBroken:
    """Something nobody foresaw, and a database that is away."""

    def answer(self, client: Client, problem: Exception) -> Any:
        def fails(*_: Any) -> None:
            raise problem

        client.raise_request_exception = False
        with connection.execute_wrapper(fails):
            body = b'{"client_label": "a", "client_fingerprint": "b", "scopes": ["account:workspace:read"]}'
            return client.generic("POST", START, body, content_type="application/json")

    def test_what_nobody_foresaw(self, caller: Client) -> None:
        answer = self.answer(caller, RuntimeError("the secret of the house"))
        refused(answer, 500, "internal_error")
        assert "secret" not in answer.content.decode()

    def test_a_database_that_is_away(self, caller: Client) -> None:
        answer = self.answer(caller, OperationalError("connection to server at 10.0.0.1 failed"))
        if answer.status_code != 500:  # behind a cookie the session is read first
            refused(answer, 503, "unavailable")
            assert int(answer["Retry-After"]) >= 1
        assert "10.0.0.1" not in answer.content.decode()
        assert answer["Content-Type"] == "application/json"

    def test_at_the_standards_face(self, db: None) -> None:
        def fails(*_: Any) -> None:
            raise RuntimeError("the secret of the house")

        client = Client(raise_request_exception=False)
        with connection.execute_wrapper(fails):
            answer = client.post("/oauth/device", "client_id=x", content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
        assert "house" not in answer.content.decode()


class TestRequestId:
    @pytest.mark.parametrize("given", ["abc", "0b8f3b1e-3c0e-4d55-9d9a-0a1f6a1f5b77", "a:b.c_d-e", "x" * 64])
    def test_a_sane_one_is_echoed(self, caller: Client, given: str) -> None:
        for path in (ME, "/v1/nothing", "/healthz", "/oauth/token", "/v1/openapi.json"):
            assert caller.get(path, headers={"X-Request-Id": given})["X-Request-Id"] == given

    @pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "<script>", "é", "a,b", "a/b", 'a"b'])
    def test_another_one_is_replaced(self, caller: Client, given: str) -> None:
        answer = caller.get(ME, headers={"X-Request-Id": given})
        assert re.fullmatch(r"[0-9a-f]{24}", answer["X-Request-Id"])

    def test_each_answer_has_its_own(self, caller: Client) -> None:
        assert len({caller.get(ME)["X-Request-Id"] for _ in range(5)}) == 5


class TestQuery:
    def test_an_unknown_parameter_is_refused(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        let_in(agent, owner, workspace, [READ])
        assert complained_fields(agent.get(f"{ME}?verbose=1")) == ["verbose"]
        assert complained_fields(agent.get(f"{ME}?=")) == [""] or agent.get(f"{ME}?=").status_code == 200
        assert complained_fields(agent.post(f"{START}?dry_run=1", {})) == ["dry_run"]
        assert agent.get(f"{ME}?").status_code == 200

    def test_a_long_one_is_cut(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        let_in(agent, owner, workspace, [READ])
        [field] = complained_fields(agent.get(f"{ME}?{'x' * 5000}=1"))
        assert len(field) <= 80

    def test_thousands_are_too_many(self, agent: Agent, owner: Human, workspace: Workspace) -> None:
        let_in(agent, owner, workspace, [READ])
        many = "&".join(f"p{index}=1" for index in range(5000))
        refused(agent.get(f"{ME}?{many}"), 400, "invalid_request")


def test_every_machine_answer_forbids_sniffing(caller: Client) -> None:
    for path in (ME, "/v1/nothing", "/v1/openapi.json", "/healthz", "/oauth/token"):
        assert caller.get(path)["X-Content-Type-Options"] == "nosniff", path

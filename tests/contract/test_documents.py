"""What is written is there: every code, scope, route and setting stands in the documents."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.endpoints import Route
from accounts.permissions import SCOPES
from accounts.refusals import Code
from console.v1 import ROUTES

README = Path(settings.BASE_DIR) / "README.md"


@pytest.fixture(scope="module")
def llms() -> str:
    answer = Client().get("/v1/llms.txt")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    return answer.content.decode()


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    answer = Client().get("/v1/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def named(route: Route) -> str:
    return f"{route.method} /v1{route.path}"


class TestForAgents:
    @pytest.mark.parametrize("code", list(Code), ids=lambda code: code.code)
    def test_every_code(self, llms: str, code: Code) -> None:
        assert re.search(rf"\b{code.code}\b", llms)

    @pytest.mark.parametrize("scope", list(SCOPES))
    def test_every_scope(self, llms: str, scope: str) -> None:
        assert scope in llms
        assert str(SCOPES[scope].words) in llms

    @pytest.mark.parametrize("route", ROUTES, ids=named)
    def test_every_route(self, llms: str, route: Route) -> None:
        assert named(route) in llms
        assert route.summary in llms

    def test_it_is_plain_text(self, llms: str) -> None:
        assert "&lt;" not in llms
        assert "&#x27;" not in llms
        assert "&quot;" not in llms
        assert "http://testserver" in llms


class TestOpenApi:
    def test_it_is_3_1(self, openapi: dict[str, Any]) -> None:
        assert openapi["openapi"].startswith("3.1")

    def test_it_holds_every_route_and_no_other(self, openapi: dict[str, Any]) -> None:
        written = {f"{method.upper()} {path}" for path, item in openapi["paths"].items() for method in item}
        assert written == {named(route) for route in ROUTES}

    @pytest.mark.parametrize("route", ROUTES, ids=named)
    def test_a_route_says_every_code_with_its_status(self, openapi: dict[str, Any], route: Route) -> None:
        operation = openapi["paths"]["/v1" + route.path][route.method.lower()]
        assert operation["x-codes"] == sorted(code.code for code in route.all_codes)
        for code in route.all_codes:
            assert code.code in operation["responses"][str(code.status)]["description"]
        refusals = {status for status in operation["responses"] if status >= "300"}
        assert refusals == {str(code.status) for code in route.all_codes}
        assert str(route.status) in operation["responses"]
        assert operation["summary"]

    @pytest.mark.parametrize("route", ROUTES, ids=named)
    def test_a_route_says_which_credential_opens_it(self, openapi: dict[str, Any], route: Route) -> None:
        operation = openapi["paths"]["/v1" + route.path][route.method.lower()]
        schemes = {name for entry in operation["security"] for name in entry}
        assert schemes <= set(openapi["components"]["securitySchemes"])
        assert bool(schemes) == bool(route.policy.agents or route.policy.humans or "anyone" not in route.policy.name)

    def test_every_code_can_be_given(self) -> None:
        """A code no route answers with is a leftover, or belongs to the doors."""
        given = {code for route in ROUTES for code in route.all_codes}
        assert set(Code) - given <= {Code.RATE_LIMITED, Code.NOT_FOUND}

    def test_operation_ids_are_unique(self, openapi: dict[str, Any]) -> None:
        ids = [operation["operationId"] for item in openapi["paths"].values() for operation in item.values()]
        assert len(set(ids)) == len(ids)

    def test_every_scope_stands_in_it(self, openapi: dict[str, Any]) -> None:
        text = json.dumps(openapi)
        assert all(scope in text for scope in SCOPES)

    def test_every_reference_leads_somewhere(self, openapi: dict[str, Any]) -> None:
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(openapi)):
            found: Any = openapi
            for part in reference.split("/"):
                found = found[part]


class TestToRead:
    @pytest.fixture
    def text(self, db: None) -> str:
        answer = Client().get("/v1/docs")
        assert answer.status_code == 200
        return answer.content.decode()

    def test_every_route_scope_and_code(self, text: str) -> None:
        for route in ROUTES:
            assert f"/v1{route.path}" in text
        for name in [*SCOPES, *(code.code for code in Code)]:
            assert name in text, name

    def test_it_loads_nothing_from_elsewhere(self, text: str) -> None:
        assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver)[^"]*\.(?:js|css|png|svg|woff2?)"', text)


class TestReadme:
    @pytest.mark.parametrize("name", sorted(settings.SETTINGS_KNOWN))
    def test_every_setting(self, name: str) -> None:
        assert re.search(rf"\b{name}\b", README.read_text()), f"README.md does not name {name}"

    @pytest.mark.parametrize("command", ["demo", "agent", "worker"])
    def test_every_command(self, command: str) -> None:
        assert f"manage.py {command}" in README.read_text()

"""What the tests of pages do again and again."""

from typing import Any

from tests.personas import Human


def sent(human: Human, path: str, **fields: Any) -> Any:
    """A form, posted with its CSRF token."""
    human.client.get(path)
    return human.client.post(path, {**fields, "csrfmiddlewaretoken": human.client.cookies["csrftoken"].value})

"""German is complete: every word of the product has one, and programs never meet it."""

import ast
import gettext
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from accounts.refusals import Code, Refusal
from tests.acts import DEVICE, GRANT, form, oauth_error, refused
from tests.personas import Agent, Human

FOLDER = Path(settings.BASE_DIR) / "locale" / "de" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[a-z%]|\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a .po: its English, its German, and whether msgmerge only guessed."""

    english: tuple[str, ...]
    german: tuple[str, ...]
    fuzzy: bool


def entries(text: str) -> list[Entry]:
    found = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if match := re.fullmatch(r'(msg\w+(?:\[\d\])?) (".*")', line):
                name = match[1]
                fields[name] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                fields[name] += ast.literal_eval(line)
        if fields.get("msgid"):
            fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines())
            english = tuple(fields[key] for key in ("msgid", "msgid_plural") if key in fields)
            german = tuple(value for key, value in fields.items() if key.startswith("msgstr"))
            found.append(Entry(english, german, fuzzy))
    return found


@pytest.fixture(scope="module")
def catalogue() -> list[Entry]:
    found = entries((FOLDER / "django.po").read_text(encoding="utf-8"))
    assert len(found) > 500
    return found


def test_every_entry_is_translated_and_none_is_a_guess(catalogue: list[Entry]) -> None:
    assert [entry.english for entry in catalogue if entry.fuzzy or not all(entry.german)] == []


def test_a_plural_has_both_forms(catalogue: list[Entry]) -> None:
    assert [entry.english for entry in catalogue if len(entry.german) != len(entry.english)] == []


def marks(text: str) -> tuple[list[str], list[str]]:
    return sorted(PLACEHOLDER.findall(text)), sorted(TAG.findall(text))


def test_placeholders_and_tags_are_those_of_the_english(catalogue: list[Entry]) -> None:
    pairs = [pair for entry in catalogue for pair in zip(entry.english, entry.german, strict=True)]
    assert [pair for pair in pairs if marks(pair[0]) != marks(pair[1])] == []


def test_the_compiled_catalogue_says_what_the_written_one_says(catalogue: list[Entry]) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in catalogue:
        if len(entry.english) == 1:
            assert compiled.gettext(entry.english[0]) == entry.german[0]
        else:
            one, many = entry.english
            assert tuple(compiled.ngettext(one, many, count) for count in (1, 2)) == entry.german


def test_every_language_offered_has_a_catalogue() -> None:
    assert [code for code, _ in settings.LANGUAGES] == ["en", "de"]
    for code, name in settings.LANGUAGES:
        with translation.override(code):
            assert str(name)


@pytest.mark.django_db
def test_a_page_speaks_german_to_who_reads_german(client: Client) -> None:
    page = client.get("/accounts/login/", headers=GERMAN)
    text = page.content.decode()
    assert '<html lang="de">' in text
    assert "Mit Passkey anmelden" in text
    assert "Noch kein Konto?" in text
    assert "No account yet?" not in text
    assert page["Content-Language"] == "de"


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["", "en", "fr", "xx-nonsense;;q=2"])
def test_a_page_speaks_english_to_everybody_else(client: Client, wanted: str) -> None:
    text = client.get("/accounts/login/", headers={"Accept-Language": wanted}).content.decode()
    assert '<html lang="en">' in text
    assert "No account yet?" in text


def test_the_approval_page_speaks_german(agent: Agent, owner: Human) -> None:
    code = agent.start()["user_code"]
    text = owner.get(f"/console/device?user_code={code}", **GERMAN).content.decode()
    assert "Zeigt Ihr Agent diesen Code?" in text
    assert "Ihre Rolle: Inhaber" in text
    assert "Schlüssel ausstellen, rotieren und widerrufen" in text
    assert "Genehmigen" in text
    assert "Does your agent" not in text


def english(code: Code) -> str:
    with translation.override("en"):
        return str(code.message)


def test_the_sentences_differ_by_language() -> None:
    """Without this, the tests below would prove nothing."""
    refusal = Refusal(Code.NOT_FOUND)
    with translation.override("de"):
        assert str(refusal.message) != english(Code.NOT_FOUND)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/account/me", 401, Code.UNAUTHENTICATED),
        ("/v1/nowhere", 404, Code.NOT_FOUND),
        ("/v1", 404, Code.NOT_FOUND),
        ("/v1/account/device/start", 405, Code.METHOD_NOT_ALLOWED),
    ],
)
@pytest.mark.django_db
def test_an_agent_is_refused_in_english(client: Client, path: str, status: int, code: Code) -> None:
    client.get("/accounts/login/", headers=GERMAN)  # leaves a cookie here, and German in this thread
    for program in (client, Client()):
        detail = refused(program.get(path, headers=GERMAN), status, code.code)
        assert detail["message"] == english(code)


def test_a_browser_session_is_refused_in_english_too(agent: Agent, owner: Human, other_workspace: Any) -> None:
    code = agent.start()["user_code"]
    unknown = owner.get(f"{DEVICE}/ZZZZ-ZZZZ", **GERMAN)
    assert refused(unknown, 404, Code.DEVICE_CODE_UNKNOWN.code)["message"] == english(Code.DEVICE_CODE_UNKNOWN)
    body = {"workspace_id": other_workspace.pk, "scopes": ["account:workspace:read"]}
    elsewhere = owner.post(f"{DEVICE}/{code}/approve", body, **GERMAN)
    assert refused(elsewhere, 404, Code.NOT_FOUND.code)["message"] == english(Code.NOT_FOUND)


@pytest.mark.django_db
def test_oauth_clients_and_documents_stay_english_after_a_german_page(client: Client) -> None:
    client.get("/accounts/login/", headers=GERMAN)
    asked = {"grant_type": GRANT, "device_code": "ldc_" + "0" * 33, "client_id": "cli"}
    answer = form(client, "/oauth/token", asked, **GERMAN)
    assert oauth_error(answer, 400, "invalid_grant")["error_description"] == english(Code.DEVICE_CODE_UNKNOWN)
    assert "Read usage by app and end-user" in client.get("/v1/llms.txt", headers=GERMAN).content.decode()

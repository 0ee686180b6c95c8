"""Named checks of the environment: a wrong value stops the start with one line that says what to do."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register(Tags.security)
def environment_is_sane(**_: Any) -> list[CheckMessage]:
    return [*_unreadable(), *_secrets(), *_public_url(), *_others()]


def _unreadable() -> Iterator[CheckMessage]:
    for name, problem in sorted(settings.SETTINGS_PROBLEMS.items()):
        yield Error(problem, hint=settings.SETTINGS_KNOWN[name], id="countersign.E001")


def _secrets() -> Iterator[CheckMessage]:
    for number, name in ((2, "SECRET_KEY"), (3, "CREDENTIAL_SECRET")):
        if settings.SECRET_LENGTHS[name] < 50:
            yield Error(
                f"{name} is missing or shorter than 50 characters.",
                hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"',
                id=f"countersign.E00{number}",
            )
    if not settings.DEVICE_RATE_LIMIT_SECRET:
        yield Warning(
            "DEVICE_RATE_LIMIT_SECRET is missing: agents cannot start device authorization (503).",
            hint="Set it to 50 random characters, the same in every process.",
            id="countersign.W001",
        )


def _public_url() -> Iterator[CheckMessage]:
    url = urlsplit(settings.PUBLIC_URL)
    if not url.hostname:
        yield Error("PUBLIC_URL is missing.", hint=settings.SETTINGS_KNOWN["PUBLIC_URL"], id="countersign.E004")
    elif url.scheme == "http" and url.hostname not in LOOPBACK and not settings.DEBUG:
        yield Error(
            "PUBLIC_URL is plain HTTP on a host other than this machine.",
            hint="Serve it over https: session cookies and credentials would travel in the clear.",
            id="countersign.E005",
        )


def _others() -> Iterator[CheckMessage]:
    if settings.LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        yield Error("LOG_LEVEL is not one of DEBUG, INFO, WARNING, ERROR.", id="countersign.E006")
    for provider in settings.OPENID_PROVIDERS:
        missing = {"id", "name", "client_id", "secret", "server_url"} - set(provider)
        if missing:
            yield Error(f"OPENID_PROVIDERS: an entry lacks {', '.join(sorted(missing))}.", id="countersign.E007")
    if settings.RATE_LIMIT_FACTOR < 1:
        yield Error("RATE_LIMIT_FACTOR is below 1.", id="countersign.E008")
    elif settings.RATE_LIMIT_FACTOR > 1 and not settings.DEMO:
        yield Warning("RATE_LIMIT_FACTOR is above 1: limits are relaxed.", id="countersign.W002")
    if settings.DEMO and urlsplit(settings.PUBLIC_URL).hostname not in LOOPBACK:
        yield Error("DEMO is set on a public address.", hint="Unset DEMO.", id="countersign.E009")

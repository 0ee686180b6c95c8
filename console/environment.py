"""Reads the environment for the settings; what is wrong is collected, so that one start names every mistake."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

import environ


@dataclass
class Environment:
    """The variables of one process. `problems` maps a variable to the sentence that says what is wrong with it."""

    problems: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    _env: environ.Env = field(default_factory=environ.Env)

    def read[T](self, name: str, parse: Callable[[str], T], default: T, about: str) -> T:
        """The parsed value of a variable; `default` when it is unset, empty or (with a problem noted) unreadable."""
        self.known[name] = about
        text = str(self._env.str(name, default="")).strip()
        if not text:
            return default
        try:
            return parse(text)
        except Exception as wrong:  # any parser may stand here; its complaint becomes one line at start
            self.problems[name] = f"{name} cannot be read: {wrong}"
            return default

    def text(self, name: str, default: str, about: str) -> str:
        return self.read(name, str, default, about)

    def number(self, name: str, default: int, about: str) -> int:
        return self.read(name, int, default, about)

    def flag(self, name: str, default: bool, about: str) -> bool:
        return self.read(name, _flag, default, about)

    def words(self, name: str, default: list[str], about: str) -> list[str]:
        return self.read(name, lambda text: [word.strip() for word in text.split(",") if word.strip()], default, about)

    def networks(self, name: str, about: str) -> list[IPv4Network | IPv6Network]:
        return self.read(name, lambda text: [ip_network(word.strip()) for word in text.split(",")], [], about)

    def json(self, name: str, default: list[Any], about: str) -> list[Any]:
        return self.read(name, lambda text: _objects(self._env.json(name)), default, about)

    def mail(self, name: str, default: str, about: str) -> str:
        return self.read(name, _mail_server, default, about)

    def database(self, name: str, default: str, about: str) -> dict[str, Any]:
        parse = environ.Env.db_url_config
        return dict(self.read(name, lambda text: _database(parse(text)), parse(default), about))

    def url(self, name: str, default: str, about: str) -> str:
        return self.read(name, _origin, default, about)


def _flag(text: str) -> bool:
    values = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in values:
        raise ValueError(f"{text!r} is neither true nor false")
    return values[text.lower()]


def _database(config: dict[str, Any]) -> dict[str, Any]:
    if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
        raise ValueError("use sqlite:///path or postgres://user:password@host:port/name")
    return config


def _objects(found: Any) -> list[Any]:
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError("use a JSON list of objects")
    return found


def _mail_server(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0:  # .port raises for no number
        raise ValueError("use smtp://user:password@host:587 or smtps://…")  # never the text: it holds a password
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError(f"{text!r} is not an origin such as https://console.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def origin_of(url: str) -> str:
    """Scheme and host of a URL; empty for what is none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""

"""The runtime plane's door: an app's backend and the key it presents."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from accounts.actors import Actor
from accounts.credentials import Kind, digest, kind_of
from accounts.doors import origin_of
from accounts.endpoints import ApiRequest, Policy
from accounts.refusals import Code, Refusal
from accounts.tokens.rules import unauthenticated
from apps.runtime_keys.models import RuntimeKey

USE_NOTED_EVERY = timedelta(seconds=60)


class RuntimeRequest(ApiRequest):
    """A request on the runtime plane: `key` with its app, read in one query."""

    key: RuntimeKey


@dataclass(frozen=True, slots=True)
class RuntimePolicy(Policy):
    """Admits a runtime key and nothing else; any other credential of ours hears wrong_credential_plane."""

    def admit(self, request: HttpRequest) -> Actor:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        secret = secret.strip()
        kind = kind_of(secret) if scheme.lower() == "bearer" else None
        if kind is None:
            raise unauthenticated()
        if kind is not Kind.RUNTIME_KEY:
            raise Refusal(Code.WRONG_PLANE)
        now = timezone.now()
        key = RuntimeKey.objects.good(now).select_related("app").filter(digest=digest(secret)).first()
        if key is None:
            raise unauthenticated()
        if key.last_used_at is None or now - key.last_used_at > USE_NOTED_EVERY:
            RuntimeKey.objects.filter(pk=key.pk).update(last_used_at=now)
        request.key = key  # type: ignore[attr-defined]  # RuntimeRequest
        return Actor(origin=origin_of(request))


RUNTIME = RuntimePolicy("runtime key", agents=True)

"""Prometheus metrics, behind METRICS_TOKEN."""

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from accounts.pages import open_to

REQUESTS = Counter("countersign_requests", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram("countersign_request_seconds", "Time to answer.", ["route"], buckets=(0.005, 0.02, 0.1, 0.5, 2, 10))


def observe(method: str, route: str, status: int, seconds: float) -> None:
    if settings.METRICS_TOKEN:
        REQUESTS.labels(method if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} else "other", route, status).inc()
        SECONDS.labels(route).observe(seconds)


@open_to("holders of METRICS_TOKEN")
def view(request: HttpRequest) -> HttpResponse:
    """What this process counted. 404 without the operator's token, as if it did not exist."""
    given = request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)

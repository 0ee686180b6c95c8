"""Every path of the product."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from accounts.audit import views as audit
from accounts.devices import views as devices
from accounts.endpoints import refuse
from accounts.oauth import views as oauth
from accounts.pages import open_to
from accounts.refusals import Code, Refusal
from accounts.tokens import views as tokens
from accounts.workspaces import views as workspaces
from apps.registry import views as apps
from apps.runtime_keys import views as keys
from console import agent_docs, health, metrics
from console.overview import views as overview
from console.v1 import api

handler400 = "console.errors.bad_request"
handler403 = "console.errors.forbidden"
handler404 = "console.errors.not_found"
handler500 = "console.errors.server_error"


@open_to("anyone")
@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    return refuse(Refusal(Code.NOT_FOUND))


WORKSPACE = [
    path("", overview.overview, name="overview"),
    path("apps", apps.index, name="apps"),
    path("apps/new", apps.create, name="app_new"),
    path("apps/<str:app>", apps.show, name="app"),
    path("apps/<str:app>/archive", apps.archive, name="app_archive"),
    path("apps/<str:app>/keys", keys.index, name="keys"),
    path("apps/<str:app>/keys/<str:key>/rotate", keys.rotate, name="key_rotate"),
    path("apps/<str:app>/keys/<str:key>/revoke", keys.revoke, name="key_revoke"),
    path("agents", tokens.agents, name="agents"),
    path("agents/<str:authorization>", tokens.agent, name="agent"),
    path("agents/<str:authorization>/stop", tokens.stop, name="agent_stop"),
    path("audit", audit.log, name="audit"),
    path("settings", workspaces.settings, name="workspace_settings"),
]

CONSOLE: list[URLPattern | URLResolver] = [
    path("", workspaces.short_path, {"page": "overview"}, name="home"),
    path("device", devices.enter, name="device"),
    path("device/<str:user_code>/approve", devices.approve, name="device_approve"),
    path("device/<str:user_code>/deny", devices.deny, name="device_deny"),
    path("stop/<str:link>", devices.stop_by_link, name="stop_by_link"),
    path("workspaces/new", workspaces.create, name="workspace_new"),
    path("apps", workspaces.short_path, {"page": "apps"}),
    path("agents", workspaces.short_path, {"page": "agents"}),
    path("audit", workspaces.short_path, {"page": "audit"}),
    path("settings", workspaces.short_path, {"page": "workspace_settings"}),
    path("w/<str:workspace>/", include(WORKSPACE)),
]

urlpatterns = [
    path("", open_to("anyone")(RedirectView.as_view(url="/console/"))),
    path("console", open_to("anyone")(RedirectView.as_view(url="/console/"))),
    path("console/", include(CONSOLE)),
    path("accounts/", include("allauth.urls")),
    path("v1/openapi.json", agent_docs.openapi, name="openapi"),
    path("v1/docs", agent_docs.docs, name="docs"),
    path("v1/llms.txt", agent_docs.llms, name="llms"),
    path("v1/", nothing_here),
    path("v1/", api.urls),
    re_path(r"^v1(?:/.*)?$", nothing_here),
    path("oauth/device", oauth.device, name="oauth_device"),
    path("oauth/token", oauth.token, name="oauth_token"),
    path("oauth/revoke", oauth.revocation, name="oauth_revoke"),
    path("oauth/introspect", oauth.introspection, name="oauth_introspect"),
    path(".well-known/oauth-authorization-server", oauth.metadata, name="oauth_metadata"),
    path(".well-known/openid-configuration", oauth.metadata),
    path("api/whoami-v2", oauth.whoami),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.view),
]

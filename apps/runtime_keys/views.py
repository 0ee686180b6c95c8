"""The pages of an app's keys. A secret is in the answer to the POST that made it, and nowhere again."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.pages import PageRequest, member
from accounts.paging import Page, page_of
from accounts.permissions import Permission
from accounts.refusals import Code, Refusal
from accounts.workspaces.models import Workspace
from apps.registry.forms import show_at_field
from apps.registry.models import App
from apps.registry.rules import find as find_app
from apps.registry.views import app_context
from apps.runtime_keys import rules
from apps.runtime_keys.forms import IssueForm, RotateForm
from apps.runtime_keys.models import RuntimeKey


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.WORKSPACE_READ)
def index(request: PageRequest, workspace: Workspace, app: str) -> HttpResponse:
    """The keys of an app, newest first. A POST issues one and shows its secret, this once."""
    found = find_app(app, actor=request.actor)
    if request.method == "POST":
        request.actor.require(Permission.API_KEYS_WRITE, workspace)
    form = IssueForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            issued = rules.issue(found, actor=request.actor, **form.cleaned_data)
        except Refusal as refusal:
            show_at_field(form, refusal)
        else:
            return _reveal(request, workspace, found, issued)
    now = timezone.now()
    keys = RuntimeKey.objects.visible_to(request.actor).filter(app=found).select_related("issued_by", "rotated_to")
    page: Page[RuntimeKey] = page_of(keys, request.GET.get("cursor"))
    context = {
        **app_context(request, workspace, found),
        "form": form,
        "page": page,
        "keys": [(key, key.status(now)) for key in page.rows],
    }
    return render(request, "apps/runtime_keys/index.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.API_KEYS_WRITE)
def rotate(request: PageRequest, workspace: Workspace, app: str, key: str) -> HttpResponse:
    """Asks how long the old key goes on; then shows both keys, the new one's secret this once."""
    found = _found(request, app, key)
    if found.status(timezone.now()) != "active":
        raise Refusal(Code.API_KEY_NOT_ACTIVE)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        issued = rules.rotate(found, actor=request.actor, **form.cleaned_data)
        found.refresh_from_db(fields=["expires_at", "rotated_at"])
        return _reveal(request, workspace, found.app, issued, old=found)
    context = {**app_context(request, workspace, found.app), "key": found, "form": form}
    return render(request, "apps/runtime_keys/rotate.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.API_KEYS_WRITE)
def revoke(request: PageRequest, workspace: Workspace, app: str, key: str) -> HttpResponse:
    """Says what dies; a POST kills it from the next call on."""
    found = _found(request, app, key)
    if request.method == "POST":
        rules.revoke(found, actor=request.actor)
        messages.success(request, _("“%(label)s” is revoked: refused from the next call on.") % {"label": found.label})
        return HttpResponseRedirect(reverse("keys", args=[workspace.pk, found.app_id]))
    context = {**app_context(request, workspace, found.app), "key": found, "status": found.status(timezone.now())}
    return render(request, "apps/runtime_keys/revoke.html", context)


def _found(request: PageRequest, app: str, key: str) -> RuntimeKey:
    """The key, if it belongs to this app and the app is not archived."""
    found = rules.find(key, actor=request.actor)
    if found.app_id != app or found.app.archived_at is not None:
        raise Refusal(Code.NOT_FOUND)
    return found


def _reveal(
    request: PageRequest, workspace: Workspace, app: App, issued: rules.IssuedKey, old: RuntimeKey | None = None
) -> HttpResponse:
    """The one page that holds the secret: not in a URL, a session, a message or a log, and never stored."""
    me = f"{request.scheme}://{request.get_host()}/v1/me"
    context: dict[str, Any] = {
        **app_context(request, workspace, app),
        "key": issued.key,
        "secret": issued.secret,
        "curl": f'curl -H "Authorization: Bearer {issued.secret}" {me}',
        "old": old,
        "old_status": old.status(timezone.now()) if old else "",
    }
    response = render(request, "apps/runtime_keys/issued.html", context)
    response["Cache-Control"] = "no-store"
    return response

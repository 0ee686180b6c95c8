"""The pages of apps: list, create, look at, rename, archive."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages import PageRequest, member
from accounts.paging import Page, page_of
from accounts.permissions import Permission
from accounts.refusals import Refusal
from accounts.text import HOSTILE
from accounts.workspaces.models import Workspace
from apps.registry import rules
from apps.registry.forms import AppForm, ArchiveForm, RenameForm, show_at_field
from apps.registry.models import NAME_LENGTH, App, Environment
from apps.runtime_keys.models import RuntimeKey

KEYS_SHOWN = 5


@require_safe
@member(Permission.WORKSPACE_READ)
def index(request: PageRequest, workspace: Workspace) -> HttpResponse:
    """The workspace's apps, newest first; searched and filtered by the server."""
    query = HOSTILE.sub("", request.GET.get("q", "")).strip()[:NAME_LENGTH]
    apps = App.objects.visible_to(request.actor).current().matching(query)
    if (environment := request.GET.get("environment", "")) in Environment.values:
        apps = apps.filter(environment=environment)
    else:
        environment = ""
    page: Page[App] = page_of(apps, request.GET.get("cursor"))
    context = {
        "page": page,
        "q": query,
        "environment": environment,
        "environments": Environment.choices,
        "filtered": bool(query or environment or request.GET.get("cursor")),
        "may_write": Permission.APPS_WRITE in request.actor.permissions_in(workspace),
    }
    return render(request, "apps/registry/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.APPS_WRITE)
def create(request: PageRequest, workspace: Workspace) -> HttpResponse:
    form = AppForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            app = rules.create(actor=request.actor, workspace=workspace, **form.cleaned_data)
        except Refusal as refusal:
            show_at_field(form, refusal)
        else:
            messages.success(request, _("The app is there. Next: issue a key for its backend."))
            return HttpResponseRedirect(reverse("app", args=[workspace.pk, app.pk]))
    return render(request, "apps/registry/new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.WORKSPACE_READ)
def show(request: PageRequest, workspace: Workspace, app: str) -> HttpResponse:
    """One app: what it is and its newest keys. A POST renames it."""
    found = rules.find(app, actor=request.actor)
    if request.method == "POST":
        request.actor.require(Permission.APPS_WRITE, workspace)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_valid():
        try:
            rules.rename(found, actor=request.actor, name=form.cleaned_data["name"])
        except Refusal as refusal:
            show_at_field(form, refusal)
        else:
            messages.success(request, _("Renamed."))
            return HttpResponseRedirect(reverse("app", args=[workspace.pk, found.pk]))
    now = timezone.now()
    keys = RuntimeKey.objects.visible_to(request.actor).filter(app=found).select_related("issued_by", "rotated_to")
    context = {
        **app_context(request, workspace, found),
        "form": form,
        "keys": [(key, key.status(now)) for key in keys.order_by("-pk")[:KEYS_SHOWN]],
    }
    return render(request, "apps/registry/show.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.APPS_WRITE)
def archive(request: PageRequest, workspace: Workspace, app: str) -> HttpResponse:
    """Says what dies and what stays; archives once the app's name was typed."""
    found = rules.find(app, actor=request.actor)
    form = ArchiveForm(found.name, data=request.POST if request.method == "POST" else None)
    if form.is_valid():
        rules.archive(found, actor=request.actor)
        messages.success(request, _("“%(name)s” is archived and its keys are dead.") % {"name": found.name})
        return HttpResponseRedirect(reverse("apps", args=[workspace.pk]))
    keys = RuntimeKey.objects.visible_to(request.actor).good(timezone.now()).filter(app=found)
    context = {**app_context(request, workspace, found), "form": form, "dying": keys.count()}
    return render(request, "apps/registry/archive.html", context, status=422 if form.errors else 200)


def app_context(request: PageRequest, workspace: Workspace, app: App) -> dict[str, Any]:
    """What every page of one app needs."""
    held = request.actor.permissions_in(workspace)
    return {
        "app": app,
        "may_write": Permission.APPS_WRITE in held,
        "may_issue": Permission.API_KEYS_WRITE in held,
    }

"""The first page of a workspace: what to do next, and what its agents did last."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.audit.models import AuditEntry
from accounts.devices.models import DeviceAuthorization
from accounts.pages import PageRequest, member
from accounts.permissions import Permission
from accounts.workspaces.models import Workspace
from apps.registry.models import App


@require_safe
@member(Permission.WORKSPACE_READ)
def overview(request: PageRequest, workspace: Workspace) -> HttpResponse:
    now = timezone.now()
    live = DeviceAuthorization.objects.filter(
        workspace=workspace, token__revoked_at=None, token__expires_at__gt=now
    ).select_related("token", "decided_by")
    context = {
        "agents": list(live.order_by("-pk")[:5]),
        "acts": list(AuditEntry.objects.filter(workspace=workspace).order_by("-pk")[:8]),
        "apps": list(App.objects.visible_to(request.actor).current().order_by("-pk")[:5]),
        "may_create_apps": Permission.APPS_WRITE in request.actor.permissions_in(workspace),
        "ever": DeviceAuthorization.objects.filter(workspace=workspace).exists(),
    }
    return render(request, "console/overview.html", context)

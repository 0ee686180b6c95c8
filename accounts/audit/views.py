"""The audit log of a workspace."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.audit.models import Action, AuditEntry
from accounts.pages import PageRequest, member, searched
from accounts.paging import Page, page_of
from accounts.permissions import Permission
from accounts.workspaces.models import Workspace


@require_safe
@member(Permission.AUDIT_READ)
def log(request: PageRequest, workspace: Workspace) -> HttpResponse:
    """Who did what, newest first; filtered by action and by name."""
    rows = AuditEntry.objects.filter(workspace=workspace)
    if (action := request.GET.get("action", "")) in Action.values:
        rows = rows.filter(action=action)
    if query := searched(request):
        rows = rows.filter(actor_name__icontains=query) | rows.filter(subject_name__icontains=query)
    page: Page[AuditEntry] = page_of(rows, request.GET.get("cursor"))
    context = {"page": page, "actions": Action.choices, "action": action, "q": query}
    return render(request, "accounts/audit/log.html", context)

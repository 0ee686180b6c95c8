"""The agents of a workspace: every live token, what it did, and Stop."""

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audit.models import AuditEntry
from accounts.devices import human_rules
from accounts.devices.models import DeviceAuthorization, State
from accounts.pages import PageRequest, member, searched
from accounts.paging import Page, page_of
from accounts.permissions import SCOPES, Permission
from accounts.refusals import Code, Refusal
from accounts.workspaces.models import Workspace

ACTS_SHOWN = 50


@require_safe
@member(Permission.WORKSPACE_READ)
def agents(request: PageRequest, workspace: Workspace) -> HttpResponse:
    """Every agent that was let in; those with a live token first asked for by default."""
    now = timezone.now()
    rows = DeviceAuthorization.objects.filter(workspace=workspace).select_related("token", "decided_by")
    show = "all" if request.GET.get("show") == "all" else "live"
    if show == "live":
        rows = rows.filter(token__revoked_at=None, token__expires_at__gt=now) | rows.filter(
            state=State.APPROVED, expires_at__gt=now
        )
    if query := searched(request):
        rows = rows.filter(client_label__icontains=query)
    page: Page[DeviceAuthorization] = page_of(rows, request.GET.get("cursor"))
    context = {"page": page, "show": show, "q": query, "now": now}
    return render(request, "accounts/tokens/agents.html", context)


@require_safe
@member(Permission.WORKSPACE_READ)
def agent(request: PageRequest, workspace: Workspace, authorization: str) -> HttpResponse:
    """One agent, live: waiting, collected, what it does line by line, and Stop. Polled; 204 when nothing changed."""
    found = _found(workspace, authorization)
    context = _story(request, found)
    if not request.htmx:
        return render(request, "accounts/tokens/agent.html", context)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204 if context["going"] else 286)
    return render(request, "accounts/tokens/agent.html#story", context)


@require_POST
@member(Permission.WORKSPACE_READ)
def stop(request: PageRequest, workspace: Workspace, authorization: str) -> HttpResponse:
    human_rules.stop(_found(workspace, authorization), actor=request.actor)
    messages.success(request, _("Stopped. Its token is dead everywhere; keys it issued stay until you revoke them."))
    return HttpResponseRedirect(reverse("agent", args=[workspace.pk, authorization]))


def _found(workspace: Workspace, authorization: str) -> DeviceAuthorization:
    rows = DeviceAuthorization.objects.select_related("token__granted_by", "decided_by", "workspace")
    found = rows.filter(workspace=workspace, pk=authorization).first()
    if found is None:
        raise Refusal(Code.NOT_FOUND)
    return found


def _story(request: PageRequest, found: DeviceAuthorization) -> dict[str, Any]:
    now = timezone.now()
    token = found.token
    acts = list(AuditEntry.objects.filter(token_id=token.pk).order_by("-pk")[:ACTS_SHOWN]) if token else []
    live = token.is_live(now) if token else found.status(now) == State.APPROVED
    parts = [found.state, str(live), str(token.last_used_at) if token else "", *(act.pk for act in acts)]
    own = found.decided_by_id is not None and found.decided_by_id == getattr(request.actor.user, "pk", None)
    may_stop = own or Permission.AGENTS_REVOKE in request.actor.permissions_in(request.workspace)
    return {
        "authorization": found,
        "token": token,
        "acts": acts,
        "status": found.status(now),
        "live": live,
        # The story has ended when nothing can happen any more: then the page stops asking.
        "going": live,
        "may_stop": may_stop and live,
        "scopes": [SCOPES[name] for name in found.granted_scopes if name in SCOPES],
        "seen": hashlib.sha256("|".join(parts).encode()).hexdigest()[:16],
    }

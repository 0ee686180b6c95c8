"""Pages of workspaces themselves: make one, rename one, and the short paths that lead to the current one."""

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages import PageRequest, current_workspace, member, signed_in
from accounts.permissions import Permission
from accounts.refusals import Refusal
from accounts.workspaces import rules
from accounts.workspaces.models import Workspace

if TYPE_CHECKING:
    _WorkspaceModelForm = forms.ModelForm[Workspace]
else:
    _WorkspaceModelForm = forms.ModelForm


class WorkspaceForm(_WorkspaceModelForm):
    class Meta:
        model = Workspace
        fields = ("name",)
        labels = {"name": gettext_lazy("Name of the workspace")}  # noqa: RUF012  (Django's own idiom)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def create(request: PageRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = rules.create(actor=request.actor, name=form.cleaned_data["name"])
        except Refusal as refusal:
            _show(form, refusal)
        else:
            return HttpResponseRedirect(reverse("overview", args=[workspace.pk]))
    return render(request, "accounts/workspaces/new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Permission.WORKSPACE_RENAME)
def settings(request: PageRequest, workspace: Workspace) -> HttpResponse:
    form = WorkspaceForm(request.POST or None, initial={"name": workspace.name})
    if request.method == "POST" and form.is_valid():
        try:
            rules.rename(workspace, actor=request.actor, name=form.cleaned_data["name"])
        except Refusal as refusal:
            _show(form, refusal)
        else:
            messages.success(request, _("Renamed."))
            return HttpResponseRedirect(reverse("workspace_settings", args=[workspace.pk]))
    return render(request, "accounts/workspaces/settings.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@signed_in
def short_path(request: PageRequest, page: str) -> HttpResponse:
    """`/console/agents` and the like lead to the same page of the current workspace."""
    workspace = current_workspace(request)
    if workspace is None:
        return HttpResponseRedirect(reverse("workspace_new"))
    target = reverse(page, args=[workspace.pk])
    query = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(f"{target}?{query}" if query else target)


def _show(form: WorkspaceForm, refusal: Refusal) -> None:
    fields = refusal.details.get("fields") or [{"message": refusal.message}]
    form.add_error("name", fields[0]["message"])

"""The page where a human enters or confirms a code, and the one that then shows what the agent does."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.addresses import network
from accounts.devices import human_rules
from accounts.devices.forms import ApproveForm, CodeForm, DenyForm
from accounts.devices.models import DeviceAuthorization, State
from accounts.devices.stop_links import read_stop_link
from accounts.pages import PageRequest, ask_to_sign_in_again, public, signed_in
from accounts.permissions import SCOPES
from accounts.refusals import Code, Refusal

TYPED_CODES = "typed_codes"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def enter(request: PageRequest) -> HttpResponse:
    """Type a code, or, by link, confirm one. Opening the link changes nothing."""
    if request.method == "POST":
        return _entered(request)
    if "user_code" not in request.GET:
        return render(request, "accounts/devices/enter.html", {"form": CodeForm()})
    try:
        found = human_rules.find(request.GET["user_code"], actor=request.actor)
    except Refusal as refusal:
        return _entry_refused(request, request.GET["user_code"], refusal)
    if found.state != State.PENDING and _may_watch(request, found):
        return HttpResponseRedirect(_watch_url(found))
    return _confirm(request, found, ApproveForm(found, request.actor, typed=_was_typed(request, found)), DenyForm())


@require_http_methods(["GET", "POST"])
@signed_in
def approve(request: PageRequest, user_code: str) -> HttpResponse:
    if request.method == "GET":
        return _back_to(user_code)
    found = human_rules.find(user_code, actor=request.actor)
    form = ApproveForm(found, request.actor, typed=_was_typed(request, found), data=request.POST)
    if not form.is_valid():
        return _confirm(request, found, form, DenyForm(), status=422)
    try:
        human_rules.approve(found, actor=request.actor, **form.grant())
    except Refusal as refusal:
        if refusal.code is Code.REAUTHENTICATION_REQUIRED and (again := ask_to_sign_in_again(request)):
            return again
        if refusal.code in {Code.DEVICE_ALREADY_DECIDED, Code.DEVICE_EXPIRED}:
            return _ended(request, found, refusal)
        _show_at_field(form, refusal)
        return _confirm(request, found, form, DenyForm(), status=422)
    messages.success(request, _("Approved. The agent collects its token at its next poll."))
    return HttpResponseRedirect(_watch_url(found))


@require_http_methods(["GET", "POST"])
@signed_in
def deny(request: PageRequest, user_code: str) -> HttpResponse:
    if request.method == "GET":
        return _back_to(user_code)
    found = human_rules.find(user_code, actor=request.actor)
    form = DenyForm(request.POST)
    if not form.is_valid():
        again = ApproveForm(found, request.actor, typed=_was_typed(request, found))
        return _confirm(request, found, again, form, status=422)
    try:
        human_rules.deny(found, actor=request.actor, reason=form.cleaned_data["reason"])
    except Refusal as refusal:
        if refusal.code is Code.INVALID_REQUEST:
            form.add_error("reason", refusal.details["fields"][0]["message"])
            again = ApproveForm(found, request.actor, typed=_was_typed(request, found))
            return _confirm(request, found, again, form, status=422)
        return _ended(request, found, refusal)
    return render(request, "accounts/devices/ended.html", {"authorization": found, "denied": True})


@require_http_methods(["GET", "HEAD", "POST"])
@public
def stop_by_link(request: PageRequest, link: str) -> HttpResponse:
    """The link in the mail: shows what it would stop, and stops it by POST, without signing in."""
    found, actor = read_stop_link(link, origin=request.actor.origin)
    stopped = False
    if request.method == "POST":
        human_rules.stop(found, actor=actor)
        stopped = True
    found = DeviceAuthorization.objects.select_related("workspace", "token").get(pk=found.pk)
    return render(
        request, "accounts/devices/stop.html", {"authorization": found, "stopped": stopped, "live": _is_live(found)}
    )


def _back_to(user_code: str) -> HttpResponse:
    """Whoever lands on an act by GET (a sign-in that forgot the form, a reload) gets the question again."""
    return HttpResponseRedirect(f"{reverse('device')}?{urlencode({'user_code': user_code})}")


def _entered(request: PageRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/devices/enter.html", {"form": form}, status=422)
    try:
        found = human_rules.find(form.cleaned_data["user_code"], actor=request.actor)
    except Refusal as refusal:
        return _entry_refused(request, form.cleaned_data["user_code"], refusal)
    # Whoever typed the whole code has compared it: no second entry.
    request.session[TYPED_CODES] = [*request.session.get(TYPED_CODES, []), found.pk][-5:]
    return HttpResponseRedirect(f"{reverse('device')}?user_code={found.shown_code}")


def _entry_refused(request: HttpRequest, typed: str, refusal: Refusal) -> HttpResponse:
    form = CodeForm({"user_code": typed[:64]})
    form.full_clean()
    form.errors.pop("user_code", None)
    form.add_error("user_code", str(refusal.message))
    context = {"form": form, "refusal": refusal}
    return render(request, "accounts/devices/enter.html", context, status=refusal.status)


def _confirm(
    request: PageRequest, found: DeviceAuthorization, form: ApproveForm, deny_form: DenyForm, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    if found.status(now) != State.PENDING:
        refusal = Refusal(Code.DEVICE_EXPIRED if found.status(now) == "expired" else Code.DEVICE_ALREADY_DECIDED)
        return _ended(request, found, refusal)
    chosen = set(form.data.getlist("scopes")) if form.is_bound else set(found.requested_scopes)  # type: ignore[attr-defined]
    scopes = [SCOPES[name] for name in found.requested_scopes if name in SCOPES]
    context: dict[str, Any] = {
        "authorization": found,
        "form": form,
        "deny_form": deny_form,
        "chosen": chosen,
        "plain_scopes": [scope for scope in scopes if not scope.guarded],
        "guarded_scopes": [scope for scope in scopes if scope.guarded],
        "same_network": network(found.address) == network(request.actor.origin.address),
    }
    return render(request, "accounts/devices/confirm.html", context, status=status)


def _ended(request: PageRequest, found: DeviceAuthorization, refusal: Refusal) -> HttpResponse:
    found.refresh_from_db()
    context = {"authorization": found, "refusal": refusal, "watch": _may_watch(request, found) and _watch_url(found)}
    return render(request, "accounts/devices/ended.html", context, status=refusal.status)


def _show_at_field(form: ApproveForm, refusal: Refusal) -> None:
    """A refusal of the rule becomes a message at the field it is about."""
    names = {"workspace_id": "workspace"} | {name: name for name in ("new_workspace_name", "lifetime_seconds")}
    complaint = next(iter(refusal.details.get("fields", [])), None)
    if refusal.code is Code.SCOPE_NOT_GRANTABLE:
        words = ", ".join(str(SCOPES[name].words) for name in refusal.details["scopes"])
        form.add_error("scopes", _("Your role in this workspace may not grant: %(words)s") % {"words": words})
    elif complaint:
        form.add_error(names.get(complaint["field"]), complaint["message"])
    else:
        form.add_error("workspace" if refusal.code is Code.NOT_FOUND else None, str(refusal.message))


def _was_typed(request: HttpRequest, found: DeviceAuthorization) -> bool:
    return found.pk in request.session.get(TYPED_CODES, [])


def _may_watch(request: PageRequest, found: DeviceAuthorization) -> bool:
    return found.workspace_id is not None and request.actor.workspaces().filter(pk=found.workspace_id).exists()


def _watch_url(found: DeviceAuthorization) -> str:
    return reverse("agent", args=[found.workspace_id, found.pk])


def _is_live(found: DeviceAuthorization) -> bool:
    now = timezone.now()
    return found.status(now) == State.APPROVED or (found.token is not None and found.token.is_live(now))

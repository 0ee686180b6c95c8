"""The form of the approval page. Limits come from the model and the registry."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.devices.models import LIFETIME_SECONDS_DEFAULT, REASON_LENGTH, DeviceAuthorization
from accounts.devices.user_codes import LONGEST_TYPED, normalized
from accounts.permissions import SCOPES
from accounts.workspaces.models import Workspace

NEW_WORKSPACE = "new"
LIFETIMES = [(900, _("15 minutes")), (3600, _("1 hour")), (14400, _("4 hours")), (28800, _("8 hours"))]


class CodeForm(forms.Form):
    user_code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_TYPED,
        error_messages={"required": _("Type the code that your agent shows.")},
    )


class ApproveForm(forms.Form):
    """Narrows what the agent asked for. Choices are what this human can see; what they may grant the rule decides."""

    last_four = forms.CharField(label=_("Last four characters of the code"), max_length=16, required=False)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        required=False,
        error_messages={"invalid_choice": _("The agent did not ask for this scope.")},
    )
    lifetime_seconds = forms.TypedChoiceField(
        label=_("For how long"), choices=LIFETIMES, coerce=int, initial=LIFETIME_SECONDS_DEFAULT
    )
    workspace = forms.ChoiceField(
        label=_("In which workspace"), error_messages={"required": _("Choose a workspace, or create one.")}
    )
    new_workspace_name = forms.CharField(label=_("Name of the new workspace"), max_length=80, required=False)

    def __init__(self, authorization: DeviceAuthorization, actor: Actor, *, typed: bool, **options: Any) -> None:
        super().__init__(**options)
        self.authorization = authorization
        self.typed = typed
        self.own = list(actor.workspaces().order_by("name", "pk"))
        requested = [name for name in authorization.requested_scopes if name in SCOPES]
        self.fields["scopes"].choices = [(name, SCOPES[name].words) for name in requested]  # type: ignore[attr-defined]
        self.fields["scopes"].initial = requested
        self.fields["workspace"].choices = [  # type: ignore[attr-defined]
            *((row.pk, row.name) for row in self.own),
            (NEW_WORKSPACE, _("Create a new workspace")),
        ]
        if len(self.own) < 2:
            self.fields["workspace"].initial = self.own[0].pk if self.own else NEW_WORKSPACE

    def clean_last_four(self) -> str:
        given = str(self.cleaned_data["last_four"])
        if self.typed:
            return given
        # Read like a whole code, so that every spelling that code entry forgives is forgiven here too.
        if normalized(self.authorization.user_code[:4] + given) != self.authorization.user_code:
            raise forms.ValidationError(_("These are not the last four characters. Compare with your agent's screen."))
        return given

    def clean_scopes(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["scopes"]
        if not chosen:
            raise forms.ValidationError(_("Leave at least one ticked, or deny the request."))
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("workspace") == NEW_WORKSPACE and not str(cleaned.get("new_workspace_name", "")).strip():
            self.add_error("new_workspace_name", _("Give the new workspace a name."))
        return cleaned

    def grant(self) -> dict[str, Any]:
        """The chosen grant, as `approve` takes it."""
        chosen = self.cleaned_data["workspace"]
        place: Workspace | None = next((row for row in self.own if row.pk == chosen), None)
        return {
            "workspace": place,
            "new_workspace_name": self.cleaned_data["new_workspace_name"] if place is None else None,
            "scopes": self.cleaned_data["scopes"],
            "lifetime_seconds": self.cleaned_data["lifetime_seconds"],
        }


class DenyForm(forms.Form):
    reason = forms.CharField(label=_("Reason, for the agent"), max_length=REASON_LENGTH, required=False)

"""The forms of apps. They ask; what is allowed the rules decide."""

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Code, Refusal
from apps.registry.models import NAME_LENGTH, Environment

ENVIRONMENTS = [
    (Environment.SANDBOX, _("Sandbox: to try things out; it spends a daily allowance, never your balance")),
    (Environment.STAGING, _("Staging: for a rehearsal; it spends a daily allowance too, never your balance")),
    (Environment.PRODUCTION, _("Production: for real users; it waits until you activate it, then spends your balance")),
]


class RenameForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the app"),
        max_length=NAME_LENGTH,
        error_messages={"required": _("Give it a name of 1 to 80 visible characters.")},
    )


class AppForm(RenameForm):
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=ENVIRONMENTS,
        widget=forms.RadioSelect,
        initial=Environment.SANDBOX,
        error_messages={"required": _("Choose an environment.")},
    )


class ArchiveForm(forms.Form):
    """Archiving cannot be undone: whoever does it types the app's name."""

    typed_name = forms.CharField(label=_("Type the name of the app"), required=False)

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.name = name
        self.fields["typed_name"].widget.attrs["autocomplete"] = "off"

    def clean_typed_name(self) -> str:
        typed = str(self.cleaned_data["typed_name"])
        if as_typed(typed) != as_typed(self.name):
            raise forms.ValidationError(_("This is not its name. Nothing was archived."))
        return typed


def as_typed(text: str) -> str:
    """A name without what nobody sees or types: repeated spaces and zero-width characters."""
    seen = "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf")
    return " ".join(seen.split())


def show_at_field(form: forms.Form, refusal: Refusal) -> None:
    """A refusal of the rule becomes a message at the field it is about; one about no field goes on its way."""
    if refusal.code is not Code.INVALID_REQUEST:
        raise refusal
    for complaint in refusal.details["fields"]:
        form.add_error(complaint["field"] if complaint["field"] in form.fields else None, complaint["message"])

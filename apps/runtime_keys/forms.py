"""The forms of runtime keys. They ask; what is allowed the rules decide."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.runtime_keys.models import LABEL_LENGTH

OVERLAPS = [
    (0, _("Not at all: the old key dies now")),
    (3600, _("1 hour")),
    (86_400, _("1 day")),
    (604_800, _("7 days")),
]


class IssueForm(forms.Form):
    label = forms.CharField(
        label=_("Label"),
        max_length=LABEL_LENGTH,
        help_text=_("Where it will be used, such as “web server”. Only people of this workspace see it."),
        error_messages={"required": _("Give it a name of 1 to 80 visible characters.")},
    )
    expires_at = forms.DateTimeField(
        label=_("Expires (UTC), if at all"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Left empty, it lives until someone revokes it."),
        error_messages={"invalid": _("Use a date and a time, such as 2027-01-31 12:00.")},
    )


class RotateForm(forms.Form):
    overlap_seconds = forms.TypedChoiceField(
        label=_("How long shall the old key go on working?"),
        choices=OVERLAPS,
        coerce=int,
        initial=86_400,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how long.")},
    )

"""Forms of these pages. They check shapes; what is right is decided by the services."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.security.identity.passwords import LONGEST
from apps.security.models.identity import LEVEL_LABELS
from rustok.admin import CommandForm
from rustok.config import config
from rustok.errors import DomainError

_CODE: Final = {"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false", "autocapitalize": "none"}


class IdentityForm(forms.Form):
    """A form that can show why a service said no."""

    error: DomainError | None = None

    def refuse(self, error: DomainError) -> None:
        """Show the refusal beside the fields that it names, or above the form."""
        self.error = error
        for item in error.errors:
            name = item.pointer.strip("/")
            self.add_error(name if name in self.fields else None, str(item.message))
        if not error.errors:
            self.add_error(None, error.detail)


class SignInForm(IdentityForm):
    """Name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(IdentityForm):
    """The code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs=_CODE),
        help_text=_("Six digits of your authenticator app, or one of your recovery codes."),
    )


class PasswordAgainForm(IdentityForm):
    """One's own password, asked once more."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NameForm(IdentityForm):
    """What a factor is called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("So that you can tell your devices apart. May stay empty."),
    )


class AppForm(NameForm):
    """A new authenticator app."""

    code = forms.CharField(
        label=_("Code"),
        max_length=10,
        widget=forms.TextInput(attrs={**_CODE, "inputmode": "numeric"}),
        help_text=_("The six digits that the app shows now."),
    )


class VisitForm(IdentityForm, CommandForm):
    """Which shop, why, for how long."""

    tenant = forms.CharField(
        label=_("Shop"), max_length=63, help_text=_("The slug of the shop, the first part of its host name.")
    )
    level = forms.ChoiceField(label=_("You need to"), choices=list(LEVEL_LABELS.items()))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, initial=15)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The shop's owner reads it, and every entry that you leave in the audit logs carries it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say how long a visit may last."""
        super().__init__(*args, **kwargs)
        longest = config().break_glass_minutes
        self.fields["minutes"].help_text = _("At most %(longest)d.") % {"longest": longest}
        self.fields["minutes"].widget.attrs["max"] = longest

"""How strict a shop, or the platform itself, is with requests: one page, one service (`zero_trust.services`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from apps.security.models import TrustPolicy
from apps.security.models.trust import SIGNATURE_LABELS
from apps.security.zero_trust.queries import signing_keys, trust_policy
from apps.security.zero_trust.rules import rules
from apps.security.zero_trust.services import ChangeTrustPolicy, change_trust_policy
from rustok.admin import (
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    Section,
    Tone,
    moment,
    platform_site,
    tenant_site,
)
from rustok.operations import Criticality

MOST: Final = 60_000_000


def _rate(label: Any) -> forms.IntegerField:
    text = _("Cost units in a minute; empty: what the platform allows.")
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=MOST, help_text=text)


class TrustPolicyForm(CommandForm):
    """The whole policy."""

    signatures = forms.ChoiceField(
        label=_("Request signatures"),
        choices=list(SIGNATURE_LABELS.items()),
        help_text=_("Required: programs without a signing key are refused at once, the consoles are not."),
    )
    rate_per_tenant = _rate(_("Rate of the shop"))
    rate_per_key = _rate(_("Rate of a credential"))
    rate_per_route = _rate(_("Rate on one route"))
    allowed_origins = forms.CharField(
        label=_("Web origins that may call the API"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One per line, as in https://www.shop.example"),
    )

    def clean_allowed_origins(self) -> list[str]:
        """One origin a line; the service looks at each."""
        return [line.strip() for line in self.cleaned_data["allowed_origins"].splitlines() if line.strip()]


def _initial(_subject: Any) -> Mapping[str, Any]:
    policy = trust_policy()
    names = ("signatures", "rate_per_tenant", "rate_per_key", "rate_per_route")
    return {name: getattr(policy, name) for name in names} | {"allowed_origins": "\n".join(policy.allowed_origins)}


def _change(call: CommandCall) -> Done:
    change_trust_policy(input=ChangeTrustPolicy(**call.data), context=call.context)
    return Done(message=_("The policy is in force everywhere within two seconds."))


class TrustPolicyAdmin(ConsoleModelAdmin):
    """The one policy of this side, set or by default."""

    resource, section, position, icon = "trust_policy", Section.ACCESS, 27, "policy"
    plural = _("Trust policy")
    list_commands = (
        Command(
            "change",
            label=_("Change the policy"),
            permission="trust_policy:update",
            run=_change,
            form=TrustPolicyForm,
            tone=Tone.PRIMARY,
            icon="edit",
            criticality=Criticality.HIGH,
            initial=_initial,
        ),
    )
    fields = ("signatures", "rate_per_tenant", "rate_per_key", "rate_per_route", "allowed_origins", "changed")
    readonly_fields = ("changed",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What holds now, and where each value comes from. At most three statements."""
        if not self.has_view_permission(request):
            raise Forbidden
        policy, held = trust_policy(), rules()
        page = self.page_context(request, title=self.title, subject=None) | {
            "policy": policy,
            "signatures": SIGNATURE_LABELS[policy.signatures],
            "rates": [
                (TrustPolicyForm.base_fields[name].label, getattr(held, name), getattr(policy, name) is not None)
                for name in ("rate_per_tenant", "rate_per_key", "rate_per_route")
            ],
            "keys": signing_keys().count(),
            "changed": None if policy._state.adding else policy.updated_at,
            "list_url": "",
            "command_links": self.command_links(self.list_commands, None),
        }
        return TemplateResponse(request, "console/trust.html", page)

    @admin.display(description=_("Changed"))
    def changed(self, policy: TrustPolicy) -> str:
        """The last change."""
        return moment(policy.updated_at)


for _site in (platform_site, tenant_site):
    _site.register(TrustPolicy, TrustPolicyAdmin)

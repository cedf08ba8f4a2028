"""Tenants in the platform's console: open a shop, close it for a while, open it again, by the services of this app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import OuterRef, Prefetch, Subquery
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from apps.events.queries import backlog, dead_letter_count
from apps.lifecycle.services import (
    TENANT_OVERRIDE,
    ProvisionTenant,
    configure_tenant,
    knobs_of,
    provision_tenant,
    resume_tenant,
    suspend_tenant,
)
from apps.orders.queries import orders_by_status
from apps.tenants.isolation import tenant_scope
from rustok.admin import (
    Badge,
    Command,
    CommandCall,
    CommandForm,
    ConsoleModelAdmin,
    Done,
    ReasonForm,
    Secret,
    Section,
    Tone,
    badge,
    moment,
    platform_site,
)
from rustok.config import Config, config
from rustok.display import age
from rustok.tenant_config import OVERRIDABLE, overrides_of

if TYPE_CHECKING:
    from apps.tenants.models import Domain, Tenant
else:
    Tenant, Domain = apps.get_model("tenants", "Tenant"), apps.get_model("tenants", "Domain")
Due = apps.get_model("operations", "SubscriptionDue")

_TONES = {"active": Badge.GOOD, "provisioning": Badge.WARN, "suspended": Badge.BAD}


class ProvisionForm(CommandForm):
    """What a new shop is."""

    slug = forms.CharField(label=_("Slug"), max_length=63)
    name = forms.CharField(label=_("Name"), max_length=200)
    locale = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    admin_username = forms.CharField(label=_("Owner's user name"), max_length=150, initial="owner")
    admin_email = forms.EmailField(label=_("Owner's e-mail"), required=False)
    domains = forms.CharField(
        label=_("Further domains"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One host per line, for example shop.example.com."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say where the shop will be."""
        super().__init__(*args, **kwargs)
        example = f"acme.{config().base_domain}"
        self.fields["slug"].help_text = _("Becomes the address: acme is served at %(host)s.") % {"host": example}

    def clean_domains(self) -> tuple[str, ...]:
        """The hosts, one per line."""
        return tuple(line.strip() for line in self.cleaned_data["domains"].splitlines() if line.strip())


class ResumeForm(CommandForm):
    """Why the shop opens again."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=255)


def _provision(call: CommandCall) -> Done:
    made = provision_tenant(input=ProvisionTenant(**call.data), context=call.context)
    return Done(
        message=_("%(name)s is open for business.") % {"name": made.tenant.name},
        location=reverse("admin:tenants_tenant_change", args=[made.tenant.pk]),
        facts=(
            (_("Address"), format_html('<a href="{0}/admin/">{0}/admin/</a>', made.url)),
            (_("User name"), made.admin_username),
        ),
        secrets=(Secret(_("Owner's password"), made.admin_password),),
    )


class ConfigureForm(CommandForm):
    """A field per knob; an empty one leaves the shop with what the installation says."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """One field for each knob that may differ per shop."""
        super().__init__(*args, **kwargs)
        for name in OVERRIDABLE:
            says = _("The installation says %(value)s.") % {"value": getattr(config(), name)}
            text = f"{Config.model_fields[name].description} {says}"
            self.fields[name] = forms.FloatField(label=name, required=False, help_text=text)


def _configure(call: CommandCall) -> Done:
    wanted = {name: call.data.get(name) for name in OVERRIDABLE}
    configure_tenant(
        tenant_id=call.subject.pk,
        change={name: value for name, value in wanted.items() if value is not None},
        unset=[name for name, value in wanted.items() if value is None],
        context=call.context,
        expected_version=call.version,
    )
    return Done(message=_("Requests of the shop follow within two seconds."))


def _suspend(call: CommandCall) -> Done:
    suspend_tenant(
        tenant_id=call.subject.pk, reason=call.data["reason"], context=call.context, expected_version=call.version
    )
    return Done(message=_("The shop is suspended: requests, tasks and deliveries are refused."))


def _resume(call: CommandCall) -> Done:
    resume_tenant(
        tenant_id=call.subject.pk, reason=call.data["reason"], context=call.context, expected_version=call.version
    )
    return Done(message=_("The shop is open again."))


class TenantAdmin(ConsoleModelAdmin):
    """Every shop of this installation."""

    resource, section, position, icon = "tenant", Section.TENANTS, 10, "storefront"
    list_display = ("name", "slug", "host", "status_badge", "deliveries", "created")
    list_filter = ("status", "locale")
    search_fields = ("slug__istartswith", "name__icontains", "domains__domain__istartswith")
    search_help_text = _("Slug, name or domain")
    ordering = ("slug",)
    change_form_template = "console/tenant.html"
    fields = ("slug", "hosts", "status_badge", "status_reason", "language", "strategy", "schema_name", "created")
    readonly_fields = ("hosts", "status_badge", "language", "created")
    list_commands = (
        Command(
            "provision",
            label=_("Provision tenant"),
            permission="tenant:create",
            run=_provision,
            form=ProvisionForm,
            tone=Tone.PRIMARY,
            icon="add_business",
            explanation=_("Makes the shop with its own schema and an owner. The owner's password is shown once."),
        ),
    )
    commands = (
        Command(
            "configure",
            label=_("Configure"),
            permission="tenant:configure",
            run=_configure,
            form=ConfigureForm,
            initial=lambda tenant: dict(overrides_of(tenant.overrides)),
            icon="settings",
            explanation=_("Limits and times of this shop. An empty field means what the installation says."),
        ),
        Command(
            "suspend",
            label=_("Suspend"),
            permission="tenant:suspend",
            run=_suspend,
            form=ReasonForm,
            available=lambda tenant: tenant.status == "active",
            tone=Tone.DANGER,
            icon="pause_circle",
            explanation=_("The shop answers 403 from now on, and its deliveries stop. Nothing is deleted."),
        ),
        Command(
            "resume",
            label=_("Resume"),
            permission="tenant:resume",
            run=_resume,
            form=ResumeForm,
            available=lambda tenant: tenant.status == "suspended",
            tone=Tone.PRIMARY,
            icon="play_circle",
            explanation=_("The shop opens again; deliveries go on where they stopped."),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the hosts: one more statement, whatever the number of rows."""
        ordered = Domain.objects.order_by("-is_primary", "domain")
        overdue = Due.objects.filter(tenant_id=OuterRef("pk"), due_at__lte=Now()).order_by("due_at")
        rows = super().get_queryset(request).prefetch_related(Prefetch("domains", queryset=ordered))
        return rows.annotate(overdue_since=Subquery(overdue.values("due_at")[:1]))

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """The status as heading, and how business goes: some statements inside the shop."""
        own = [knob for knob in knobs_of(subject) if knob.origin == TENANT_OVERRIDE]
        return {
            "heading_badge": self.status_badge(subject),
            "title": subject.name,
            "business": _business(subject),
            "knobs": own,
        }

    @admin.display(description=_("Host"))
    def host(self, tenant: Tenant) -> str:
        """The primary host, with a way to its console."""
        first = next(iter(tenant.domains.all()), None)
        return _console_link(first.domain) if first is not None else "—"

    @admin.display(description=_("Hosts"))
    def hosts(self, tenant: Tenant) -> str:
        """Every host."""
        return format_html("{}", ", ".join(domain.domain for domain in tenant.domains.all()) or "—")

    @admin.display(description=_("Status"), ordering="status")
    def status_badge(self, tenant: Tenant) -> str:
        """Whether the shop is in business."""
        return badge(tenant.get_status_display(), _TONES[tenant.status])

    @admin.display(description=_("Deliveries"))
    def deliveries(self, tenant: Any) -> str:
        """Whether receivers are up to date: from the shared due times, without a look into the shop."""
        if tenant.overdue_since is None:
            return badge(_("up to date"), Badge.GOOD)
        return badge(_("%(age)s behind") % {"age": age(tenant.overdue_since)}, Badge.WARN)

    @admin.display(description=_("Language"), ordering="locale")
    def language(self, tenant: Tenant) -> str:
        """The default language of the shop."""
        return str(dict(settings.LANGUAGES).get(tenant.locale, tenant.locale))

    @admin.display(description=_("Created"), ordering="created_at")
    def created(self, tenant: Tenant) -> str:
        """When the shop was opened."""
        return moment(tenant.created_at)


def _business(tenant: Tenant) -> list[tuple[Any, Any]]:
    """Orders and deliveries of one shop, in words and numbers."""
    if tenant.status == "provisioning":
        return []
    with tenant_scope(tenant, even_suspended=True):
        statuses, behind, dead = orders_by_status(), backlog(), dead_letter_count()
    return [
        (_("Orders"), sum(statuses.values())),
        (_("Events waiting"), behind.waiting),
        (_("Oldest waiting, seconds"), f"{behind.oldest_seconds:.1f}"),
        (_("Dead letters"), dead),
    ]


def _console_link(host: str) -> str:
    return format_html('<a href="{}/admin/">{}</a>', config().public_url(host), host)


platform_site.register(Tenant, TenantAdmin)

"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """The demo; its two tables live in the public schema, because the receiver plays another company's server."""

    name = "apps.demo"
    label = "demo"
    verbose_name = _("Demo")

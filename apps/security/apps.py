"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import attribute


class SecurityConfig(AppConfig):
    """Tables in every tenant's schema and in the public one: the platform has operators and keys of its own."""

    name = "apps.security"
    label = "security"
    verbose_name = _("Security")

    def ready(self) -> None:
        """Let the session know who writes to the audited tables."""
        attribute("security_user", "security_apikey")

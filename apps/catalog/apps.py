"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """The catalog app; tables live in every tenant's schema."""

    name = "apps.catalog"
    label = "catalog"
    verbose_name = _("Catalog")

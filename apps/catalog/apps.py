"""Registration of the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture


class CatalogConfig(AppConfig):
    """The catalog app; tables live in every tenant's schema."""

    name = "apps.catalog"
    label = "catalog"
    verbose_name = _("Catalog")

    def ready(self) -> None:
        """Put what people change under capture."""
        stamps = ("version", "created_at", "updated_at")
        capture(
            Captured(table="catalog_product", ignored=stamps),
            Captured(table="catalog_producttranslation"),
            Captured(table="catalog_variant"),
            Captured(table="catalog_price"),
            # Every order reserves here, and promised goods leave: the order's own entry and the stock ledger say so.
            Captured(
                table="catalog_stocklevel",
                ignored=stamps,
                columns=("on_hand", "low_stock_threshold"),
                unless="NEW.on_hand <> OLD.on_hand AND NEW.on_hand - OLD.on_hand = NEW.reserved - OLD.reserved",
            ),
        )

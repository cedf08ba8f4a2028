"""What is sold and how much of it there is."""

from apps.catalog.models.product import Price, Product, ProductStatus, ProductTranslation, Variant
from apps.catalog.models.stock import (
    MAIN_LOCATION,
    MovementKind,
    Reservation,
    ReservationStatus,
    StockLevel,
    StockMovement,
)

__all__ = [
    "MAIN_LOCATION",
    "MovementKind",
    "Price",
    "Product",
    "ProductStatus",
    "ProductTranslation",
    "Reservation",
    "ReservationStatus",
    "StockLevel",
    "StockMovement",
    "Variant",
]

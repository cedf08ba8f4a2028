"""Writes of the catalogue: products and prices, counting stock, reserving it."""

from apps.catalog.services.holds import extend, hold, release_expired, take_over
from apps.catalog.services.inputs import CreateProduct, NewVariant, Translation, UpdateProduct
from apps.catalog.services.products import create_product, create_products, set_price, update_product
from apps.catalog.services.reservations import Wanted, commit_reservation, release, reserve, restock
from apps.catalog.services.stock import adjust_stock, set_stock

__all__ = [
    "CreateProduct",
    "NewVariant",
    "Translation",
    "UpdateProduct",
    "Wanted",
    "adjust_stock",
    "commit_reservation",
    "create_product",
    "create_products",
    "extend",
    "hold",
    "release",
    "release_expired",
    "reserve",
    "restock",
    "set_price",
    "set_stock",
    "take_over",
    "update_product",
]

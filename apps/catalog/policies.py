"""Who may see and change the catalogue. Nothing in it is anybody's own."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

PRODUCT: Final = Policy(resource=Resource("product"), model="catalog.Product")
STOCK: Final = Policy(resource=Resource("stock"), model="catalog.StockLevel")

register(PRODUCT, STOCK)

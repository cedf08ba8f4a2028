"""The three stores of the sample, and where the sample lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"
TRANSACTIONS: Final = DATA / "transactions.csv.gz"
PRODUCTS: Final = DATA / "products.csv.gz"
HOUSEHOLDS: Final = DATA / "households.csv.gz"
CURRENCY: Final = "USD"
BASKETS_PER_STORE: Final = 400


@dataclass(frozen=True, slots=True)
class Store:
    """One store of the data and the shop that it becomes. The data know the store by number; the names are ours."""

    number: str
    slug: str
    name: str


STORES: Final = (
    Store("361", "downtown-market", "Downtown Market"),
    Store("367", "riverside-grocery", "Riverside Grocery"),
    Store("406", "hilltop-foods", "Hilltop Foods"),
)

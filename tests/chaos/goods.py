"""Products of the rig's own, so that its numbers mix with nobody's."""

from __future__ import annotations

from tests.support.stack import Shop


def stock_up(shop: Shop, skus: dict[str, int]) -> None:
    """Put products on sale in a shop: SKU to quantity on hand, one dollar each."""
    with shop.client() as client:
        for sku, on_hand in skus.items():
            body = {
                "name": f"Rig goods {sku}",
                "status": "active",
                "variants": [{"sku": sku, "prices": [{"amount": 100, "currency": "USD"}], "on_hand": on_hand}],
            }
            answer = client.post("/api/v1/products/", body, idempotency_key=f"rig-{sku}")
            assert answer.status == 201, answer.body


def levels(shop: Shop, skus: list[str]) -> dict[str, tuple[int, int]]:
    """On hand and reserved of each SKU."""
    found = {}
    with shop.client() as client:
        for sku in skus:
            level = client.get(f"/api/v1/stock/?sku={sku}").json()["results"][0]
            found[sku] = (level["on_hand"], level["reserved"])
    return found

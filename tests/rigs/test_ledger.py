"""The rig's ledger must see what it is there for: each tampering below is a violation, the untouched log is none."""

from dataclasses import replace

import pytest

from tests.chaos.buyers import Promise
from tests.chaos.ledger import Entry, check_orders, disorder
from tests.support.stack import Shop

SHOP = Shop("acme", "acme.localhost", 0, "")
PLACED = Entry("e1", "orders.order_placed.v1", "order-7", 1, 1)
CONFIRMED = Entry("e2", "orders.order_confirmed.v1", "order-7", 2, 2)
PROMISE = Promise("acme", "key", [], 0.0, order={"id": "7"}, repeats=["7"], moves=["confirm"])


def violations(promises: list[Promise], log: list[Entry]) -> list[str]:
    return [finding.check.removeprefix("acme: ") for finding in check_orders(SHOP, promises, log) if not finding.kept]


def test_a_true_log_has_no_violation() -> None:
    assert violations([PROMISE], [PLACED, CONFIRMED]) == []
    assert disorder([PLACED, CONFIRMED]) == []


@pytest.mark.parametrize(
    ("promises", "log", "violation"),
    [
        pytest.param([PROMISE], [CONFIRMED], "accepted orders missing in the log", id="lost"),
        pytest.param([PROMISE], [PLACED, PLACED, CONFIRMED], "orders in the log twice", id="twice"),
        pytest.param([], [PLACED], "orders nobody was promised", id="stranger"),
        pytest.param([PROMISE], [PLACED], "promised moves missing in the log", id="move lost"),
        pytest.param([PROMISE, replace(PROMISE)], [PLACED, CONFIRMED], "one order for two keys", id="shared"),
        pytest.param(
            [replace(PROMISE, repeats=["8"])],
            [PLACED, CONFIRMED],
            "another order for the same key",
            id="another",
        ),
        pytest.param(
            [replace(PROMISE, order=None, refusal="500 oops")],
            [],
            "refused without a reason of its own",
            id="refused",
        ),
    ],
)
def test_every_kind_of_difference_is_seen(promises: list[Promise], log: list[Entry], violation: str) -> None:
    assert violation in violations(promises, log)


@pytest.mark.parametrize("log", [[CONFIRMED, PLACED], [CONFIRMED], [PLACED, PLACED]])
def test_a_stream_out_of_order_is_seen(log: list[Entry]) -> None:
    assert disorder(log) == ["order-7"]


def test_an_order_whose_buyer_got_no_answer_is_no_stranger() -> None:
    unknown = replace(PROMISE, order=None, refusal="no answer")

    assert "orders nobody was promised" not in violations([unknown], [PLACED])

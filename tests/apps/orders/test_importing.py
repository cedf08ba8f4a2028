"""`manage.py orders import`: what became of every basket, refused rows with reasons, a second run without effect."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.orders import queries
from tests.support.commerce import make_products

HEADER = "store_id,basket_id,household_id,product_id,quantity,sales_value,transaction_timestamp"
ROWS = (
    "7,b1,h1,TEA,3,1.00,2017-01-01T12:00:00",
    "7,b2,h1,FUEL,6980,15.00,2017-01-01T13:00:00",
    "8,b3,h2,TEA,1,0.50,2017-01-01T14:00:00",
)
pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture
def baskets(tmp_path: Path) -> Path:
    make_products("TEA", on_hand=10)
    path = tmp_path / "baskets.csv"
    path.write_text("\n".join([HEADER, *ROWS]))
    return path


def run(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("orders", "import", str(path), "--tenant", "acme", *options, stdout=out)
    return out.getvalue()


def test_it_reports_what_became_of_every_basket(baskets: Path) -> None:
    report: dict[str, Any] = json.loads(run(baskets, "--json"))

    assert (report["baskets"]["imported"], report["baskets"]["refused"]) == (2, 1)
    assert report["refusals"][0] | {"detail": ""} == {
        "line": 3,
        "basket_id": "b2",
        "product_id": "FUEL",
        "reason": "unit_price_below_minor_unit",
        "detail": "",
        "value": 1500,
    }


def test_people_read_the_same_in_lines(baskets: Path) -> None:
    text = run(baskets)

    assert "baskets: 3 read, 2 imported, 0 already there, 1 refused" in text
    assert "1.50 USD imported, 0.00 USD already there, 15.00 USD refused" in text
    assert "line 3: basket b2, product FUEL" in text


def test_a_second_run_changes_nothing(baskets: Path) -> None:
    run(baskets)
    report = json.loads(run(baskets, "--json"))

    assert (report["baskets"]["imported"], report["baskets"]["already_imported"]) == (0, 2)
    assert queries.orders().count() == 2


def test_one_store_can_be_picked(baskets: Path) -> None:
    report = json.loads(run(baskets, "--json", "--store", "8", "--until", "paid"))

    assert report["baskets"]["read"] == 1
    assert queries.orders().get().status == "paid"


def test_refused_rows_go_to_a_file(baskets: Path, tmp_path: Path) -> None:
    run(baskets, "--refusals", str(tmp_path / "refused.jsonl"))
    lines = (tmp_path / "refused.jsonl").read_text().splitlines()

    assert [json.loads(line)["reason"] for line in lines] == ["unit_price_below_minor_unit"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(("--tenant", "nobody"), "nobody", id="unknown tenant"),
        pytest.param(("--currency", "XXX"), "XXX", id="unknown currency"),
        pytest.param(("--refusals", "/nowhere/at/all"), "nowhere", id="no place for refusals"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(baskets: Path, options: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(baskets, *options)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no file"):
        run(tmp_path / "absent.csv")

"""Reading basket files: good rows become sales, every other row gets a true reason."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.orders.errors import UnreadableBasketFile
from apps.orders.importing.refusals import Reason
from apps.orders.importing.rows import COLUMNS, Basket, count_baskets, read_baskets

HEADER = ",".join(COLUMNS)
GOOD = "7,b1,h1,TEA,2,3.00,2017-01-01T12:00:00"


def write(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "baskets.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def read(tmp_path: Path, *rows: str, currency: str = "USD") -> list[Basket]:
    return list(read_baskets(write(tmp_path, *rows), currency=currency))


def test_adjacent_rows_of_one_basket_are_one_basket(tmp_path: Path) -> None:
    baskets = read(tmp_path, GOOD, GOOD.replace("TEA", "JAM"), GOOD.replace("b1", "b2"))

    assert [(basket.external_id, [row.sku for row in basket.rows]) for basket in baskets] == [
        ("7-b1", ["TEA", "JAM"]),
        ("7-b2", ["TEA"]),
    ]
    assert baskets[0].total == 600


def test_a_packed_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    packed = tmp_path / "baskets.csv.gz"
    packed.write_bytes(gzip.compress(write(tmp_path, GOOD).read_bytes()))

    assert next(read_baskets(packed, currency="USD")).total == 300
    assert count_baskets(packed) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("7,b,h,TEA,0,0.0,2017-01-01T12:00:00", Reason.NOTHING_SOLD, id="nothing for nothing"),
        pytest.param("7,b,h,TEA,0,1.50,2017-01-01T12:00:00", Reason.VALUE_WITHOUT_QUANTITY, id="money for nothing"),
        pytest.param("7,b,h,FUEL,6980,15.0,2017-01-01T12:00:00", Reason.BELOW_MINOR_UNIT, id="fuel in thousandths"),
        pytest.param("7,b,h,TEA,-1,-2.00,2017-01-01T12:00:00", Reason.RETURN, id="return"),
        pytest.param("7,b,h,TEA,1.5,2.00,2017-01-01T12:00:00", Reason.QUANTITY_NOT_WHOLE, id="half a piece"),
        pytest.param("7,b,h,TEA,many,2.00,2017-01-01T12:00:00", Reason.QUANTITY_NOT_WHOLE, id="no number"),
        pytest.param("7,b,h,TEA,1,2.005,2017-01-01T12:00:00", Reason.MALFORMED, id="half a cent"),
        pytest.param("7,b,h,TEA,1,1e3,2017-01-01T12:00:00", Reason.MALFORMED, id="scientific money"),
        pytest.param("7,b,h,TEA,1,,2017-01-01T12:00:00", Reason.MALFORMED, id="no money"),
        pytest.param("7,b,h,,1,2.00,2017-01-01T12:00:00", Reason.MALFORMED, id="no product"),
        pytest.param("7,b,h,TEA,1,2.00,yesterday", Reason.MALFORMED, id="no time"),
        pytest.param("7,b,h,TEA,1,2.00,2017-01-01T12:00:00,x", Reason.MALFORMED, id="a field too many"),
        pytest.param(f"7,{'b' * 64},h,TEA,1,2.00,2017-01-01T12:00:00", Reason.MALFORMED, id="id too long"),
    ],
)
def test_a_row_that_is_no_sale_is_refused_for_its_reason(tmp_path: Path, row: str, reason: Reason) -> None:
    (basket,) = read(tmp_path, row)

    assert [refusal.reason for refusal in basket.refusals] == [reason]
    assert basket.refusals[0].line == 2
    assert basket.rows == []


def test_a_free_piece_is_a_sale(tmp_path: Path) -> None:
    (basket,) = read(tmp_path, "7,b,h,TEA,1,0.0,2017-01-01T12:00:00")

    assert (basket.rows[0].quantity, basket.rows[0].value, basket.refusals) == (1, 0, [])


def test_the_currency_decides_what_a_whole_coin_is(tmp_path: Path) -> None:
    (basket,) = read(tmp_path, "7,b,h,TEA,1,500,2017-01-01T12:00:00", currency="JPY")

    assert basket.rows[0].value == 500


def test_two_households_in_one_basket_are_refused(tmp_path: Path) -> None:
    (basket,) = read(tmp_path, GOOD, GOOD.replace("h1", "h2"))

    assert "household" in basket.refusals[0].detail


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"store_id,basket_id\n1,2\n", "missing columns: household_id", id="columns"),
        pytest.param(HEADER.encode() + b"\n\xff\xfe\n", "after line", id="encoding"),
        pytest.param(b"\x1f\x8bno gzip at all", "after line 0", id="gzip"),
        pytest.param(b"", "missing columns", id="empty"),
    ],
)
def test_what_is_no_basket_file_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)

    with pytest.raises(UnreadableBasketFile, match=says):
        list(read_baskets(path, currency="USD"))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n\0'))


@given(cells=st.lists(CELL, min_size=7, max_size=7))
def test_no_row_whatever_its_cells_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    row = ",".join('"' + cell + '"' for cell in cells)
    path = tmp_path_factory.mktemp("rows") / "baskets.csv"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")

    (basket,) = read_baskets(path, currency="USD")

    assert len(basket.rows) + len(basket.refusals) == 1

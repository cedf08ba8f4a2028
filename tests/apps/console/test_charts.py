"""A chart is its numbers, its words and its table."""

import json

import pytest

from apps.console.charts import Chart, Series


def chart(kind="bar", **given):
    facts = {"labels": ["1 May", "2 May"], "series": [Series("Orders", [1200, 34])], "label_title": "Day"}
    return Chart(title="Orders per day", kind=kind, **facts | given)


def test_the_sentence_tells_the_total_and_the_highest():
    assert chart().summary == "Orders per day. Orders: total 1\u00a0234, highest 1\u00a0200 (1 May)"


def test_the_table_has_the_same_numbers():
    rows = [[cell.text for cell in row] for row in chart(unit="USD", decimals=2).table.rows]

    assert rows == [["1 May", "1\u00a0200.00\u00a0USD"], ["2 May", "34.00\u00a0USD"]]


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [("bar", "bar"), ("line", "line"), ("stacked", "bar"), ("ranking", "bar"), ("doughnut", "doughnut")],
)
def test_every_kind_is_one_that_the_browser_draws(kind, drawn):
    made = chart(kind)

    assert made.data_type == drawn
    assert json.loads(made.data_json)["datasets"][0]["data"] == [1200, 34]
    assert json.loads(made.options_json)["animation"] is False


def test_colours_are_explained_where_there_are_several():
    assert chart().legend == []
    assert [item["label"] for item in chart("doughnut").legend] == ["1 May: 1\u00a0200", "2 May: 34"]

"""The reader of the guides: what counts as a kept promise, and what does not."""

import pytest

from tests.docs.snippets import compare, message, snippets


@pytest.mark.parametrize(
    ("promised", "given"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": "…"}, {"a": [1, 2]}),
        (["…"], []),
        ([1, "…"], [1, 2, 3]),
        ({"id": "$ID", "same": "$ID"}, {"id": "x", "same": "x"}),
    ],
)
def test_kept_promises(promised, given):
    compare(promised, given, {})


@pytest.mark.parametrize(
    ("promised", "given"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ([1], [1, 2]),
        ([1, "…"], []),
        ({"id": "$ID", "same": "$ID"}, {"id": "x", "same": "y"}),
        ({"a": {}}, {"a": 1}),
    ],
)
def test_broken_promises(promised, given):
    with pytest.raises(AssertionError):
        compare(promised, given, {})


def test_a_request_is_taken_apart_with_names_filled_in():
    taken = message('POST /orders/$ID/pay/\nIf-Match: "2"\n\n{"a": 1}\n', {"ID": "7"})

    assert (taken.start, taken.headers, taken.body) == ("POST /orders/7/pay/", {"If-Match": '"2"'}, '{"a": 1}')


def test_blocks_are_found_with_their_line_and_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# x\n\n```python run\nx = 1\n```\n\n```sh\nls\n```\n", encoding="utf-8")

    assert [(s.language, s.runs, s.line) for s in snippets(page)] == [("python", True, 3), ("sh", False, 7)]

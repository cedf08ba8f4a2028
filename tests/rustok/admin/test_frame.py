"""The consoles' library evaluates no code: which file is served, and that templates stay within what it reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import unfold
from django.contrib.staticfiles import finders

from tests.support.sources import ROOT

# @alpinejs/csp 3.17.4, dist/cdn.min.js, as the package registry of npm has it.
CHECKSUM = "0d18d7f8d7910e2e0212f0f056b12f50bebc3abb7d88d2f7c7cb4c336fe4519a"
ATTRIBUTE = re.compile(r"""(?<![\w-])(?:x-[a-z]+[\w:.-]*|@[a-z][\w:.-]*)=(?:"([^"]*)"|'([^']*)')""")
BEYOND = re.compile(r"=>|\b(?:document|localStorage|window)\b|\bif\s*\(|;\s*\S|`|\bnew\b|\bfunction\b")
# Unfold's templates that ask for more, each with what becomes of it.
REVIEWED = {
    "admin/change_form.html": "reads the address: `window.location` is a member of the frame",
    "unfold/layouts/skeleton.html": "the frame: static/console/frame.js registers it",
    "unfold/helpers/command.html": "overridden: no search overlay",
    "unfold/helpers/search.html": "not included: our navigation has no search",
    "unfold/helpers/welcomemsg.html": "not included: our header has none",
}


def beyond(folder: Path):
    """Templates (below `folder`) with expressions that the CSP build does not read."""
    for file in sorted(folder.rglob("*.html")):
        text = re.sub(r"{[%{].*?[%}]}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = [first or second for first, second in ATTRIBUTE.findall(text)]
        if any(BEYOND.search(expression) for expression in found):
            yield file.relative_to(folder).as_posix()


def test_the_build_without_eval_is_served_in_place_of_unfolds():
    served = Path(finders.find("unfold/js/alpine/alpine.js"))

    assert hashlib.sha256(served.read_bytes()).hexdigest() == CHECKSUM
    assert b"new Function" not in served.read_bytes()
    assert served.with_name("LICENSE").is_file()


def test_our_templates_stay_within_its_language():
    assert list(beyond(ROOT / "templates")) == []


def test_what_unfolds_templates_ask_for_beyond_was_reviewed():
    assert set(beyond(Path(unfold.__file__).parent / "templates")) == set(REVIEWED)


@pytest.mark.parametrize(
    "expression", ["a = 1; b = 2", "$watch('a', value => b())", "localStorage.getItem('a')", "if (a) { b() }"]
)
def test_the_rule_finds_what_is_beyond(expression, tmp_path):
    (tmp_path / "page.html").write_text(f'<p x-on:click="{expression}"></p><p x-show="a ? b : c"></p>')

    assert list(beyond(tmp_path)) == ["page.html"]

"""Pages as a whole: links lead somewhere, lists are complete, generated pages are current."""

import re

import pytest

from rustok.config import Config
from rustok.config_reference import PAGE, page
from rustok.health import checks
from tests.support.sources import ROOT

PAGES = sorted(file for pattern in ("*.md", "docs/**/*.md", "apps/*/README.md") for file in ROOT.glob(pattern))
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)#\s]+)(?:#[^)\s]*)?\)")
OPERATIONS = ROOT / "docs" / "operations.md"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    targets = [match["target"] for match in LINK.finditer(file.read_text(encoding="utf-8"))]

    assert not [t for t in targets if "://" not in t and not (file.parent / t).exists()]


def test_the_configuration_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python manage.py config docs`"


def test_every_health_check_has_advice():
    text = OPERATIONS.read_text(encoding="utf-8")

    assert not [check.name for check in checks() if f"`{check.name}`" not in text]


def test_every_decision_is_listed():
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    decisions = [file.name for file in (ROOT / "docs" / "adr").glob("0*.md")]

    assert not [name for name in decisions if f"({name})" not in index]


@pytest.mark.parametrize("file", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=lambda file: file.stem)
def test_a_decision_says_what_was_rejected_and_what_it_costs(file):
    text = file.read_text(encoding="utf-8")

    assert all(f"## {part}" in text for part in ("Context", "Decision", "Rejected", "Consequences"))
    assert "Status: " in text


def test_the_map_names_every_app():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert not [path.parent.name for path in (ROOT / "apps").glob("*/apps.py") if path.parent.name not in text]


def test_settings_named_in_the_pages_exist():
    known = {f"RUSTOK_{name.upper()}" for name in Config.model_fields}
    named = {name for file in PAGES for name in re.findall(r"RUSTOK_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8"))}

    assert not named - known - {"RUSTOK_PORTS"}

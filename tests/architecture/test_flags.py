"""Every flag of the code has an owner and a date, is asked for somewhere, and goes when its date has come."""

from datetime import UTC, date, datetime

import pytest

from apps.flags import registry
from apps.flags.registry import FlagSpec, declare, declared, overdue
from tests.support.sources import sources

FLAGS = declared()


def test_no_flag_is_past_its_date():
    late = overdue(datetime.now(UTC).date())

    assert not late, "take the flag out of the code, or give its owner a reason for another date"


@pytest.mark.parametrize("spec", FLAGS, ids=lambda spec: spec.key)
class TestEveryFlag:
    def test_it_says_whose_it_is_and_what_it_does(self, spec):
        assert spec.owner
        assert len(spec.note) > 10

    def test_somebody_asks_for_it(self, spec):
        names = [
            line.partition(":")[0].strip()
            for source in sources()
            if source.path.endswith("/flags.py")
            for number, line in enumerate(source.lines)
            if any(f'key="{spec.key}"' in later for later in source.lines[number : number + 4]) and "declare(" in line
        ]

        assert names, "declare it in the flags.py of its app"
        assert any(names[0] in source.text for source in sources() if not source.path.endswith("/flags.py")), (
            "nobody asks for it: take it out"
        )


def spec(**changes):
    return FlagSpec(**{"key": "a-flag", "owner": "me", "expires": date(2020, 1, 1), "note": "For the test.", **changes})


@pytest.mark.parametrize("changes", [{"key": "No"}, {"owner": ""}, {"note": ""}, {"key": "x" * 101}])
def test_the_registry_refuses_half_a_flag(changes):
    with pytest.raises(ValueError, match="flag"):
        declare(spec(**changes))


def test_the_gate_finds_an_old_flag_and_a_double_one(monkeypatch):
    monkeypatch.setattr(registry, "_specs", {})
    declare(spec())

    assert [late.key for late in overdue(date(2020, 1, 2))] == ["a-flag"]
    assert not overdue(date(2020, 1, 1))
    with pytest.raises(ValueError, match="twice"):
        declare(spec(owner="somebody else"))

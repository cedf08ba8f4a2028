"""What probes are told."""

import pytest

from apps.health.report import detail, is_ready, overall, summary
from apps.health.sampler import Result, Status
from rustok.health import Check, Observation
from rustok.operations import Criticality


def result(status, criticality=Criticality.NORMAL, name="thing"):
    check = Check(name=name, run=Observation, criticality=criticality)
    return Result(check, status, Observation(value=1, unit="ms"), output="" if status is Status.PASS else "why")


@pytest.mark.parametrize(
    ("results", "ready", "verdict"),
    [
        ([], True, Status.PASS),
        ([result(Status.PASS)], True, Status.PASS),
        ([result(Status.WARN)], True, Status.WARN),
        ([result(Status.FAIL, Criticality.HIGH)], True, Status.WARN),
        ([result(Status.WARN, Criticality.CRITICAL)], True, Status.WARN),
        ([result(Status.FAIL, Criticality.CRITICAL)], False, Status.FAIL),
        ([result(Status.PASS, Criticality.CRITICAL), result(Status.FAIL)], True, Status.WARN),
    ],
)
def test_only_a_failing_critical_check_makes_a_process_unready(results, ready, verdict):
    assert is_ready(results) is ready
    assert overall(results) is verdict


def test_the_summary_names_what_fails_and_tells_no_detail():
    results = [result(Status.FAIL, name="broker"), result(Status.WARN, name="disk")]

    assert summary(results) == {"status": Status.WARN, "failing": ["broker"]}


def test_the_detail_explains_each_check():
    page = detail([result(Status.FAIL, name="broker")], version="1.2.3")

    assert (page["version"], page["releaseId"]) == ("1", "1.2.3")
    assert page["checks"]["broker"][0].items() >= {"status": Status.FAIL, "output": "why", "observedValue": 1}.items()

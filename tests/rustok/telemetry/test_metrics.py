"""Metrics: what is counted is seen, and labels stay bounded."""

from concurrent.futures import ThreadPoolExecutor

from prometheus_client.parser import text_string_to_metric_families

from rustok.telemetry import metrics
from rustok.telemetry.metrics import CappedLabel


def value_of(name, **labels):
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return sample.value
    return 0.0


def test_an_answered_request_is_counted_by_template_and_class():
    labels = {"method": "GET", "route": "api/v1/things/<pk>/", "status": "2xx"}
    before = value_of("rustok_http_requests_total", **labels)

    metrics.observe_request(method="GET", route="api/v1/things/<pk>/", status=204, seconds=0.01)

    assert value_of("rustok_http_requests_total", **labels) == before + 1


def test_unknown_methods_and_paths_share_one_label():
    for number in range(3):
        metrics.observe_request(method=f"HACK{number}", route="", status=404, seconds=0.01)

    assert value_of("rustok_http_requests_total", method="OTHER", route="unmatched", status="4xx") >= 3


def test_tasks_errors_and_checks_are_counted():
    metrics.observe_task(task="test.task", outcome="done", seconds=0.1)
    metrics.observe_error(3001)
    metrics.observe_health(check="test", status="warn")

    assert value_of("rustok_tasks_total", task="test.task", outcome="done") >= 1
    assert value_of("rustok_errors_total", code="3001") >= 1
    assert value_of("rustok_health_check_status", check="test") == 0.5


def test_labels_beyond_the_cap_become_other():
    label = CappedLabel(2)

    assert [label(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_half_of_the_labels_are_for_the_busy():
    label = CappedLabel(4, busy=2)
    seen = [label(value) for value in ("a", "b", "idle", "c", "c", "c", "d", "d", "d", "e", "e", "e", "a")]

    assert seen == ["a", "b", "other", "other", "other", "c", "other", "other", "d", "other", "other", "other", "a"]


def test_the_cap_holds_when_many_threads_meet_new_values():
    label = CappedLabel(5)
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(label, [str(number % 100) for number in range(2000)]))

    assert len(seen - {"other"}) == 5

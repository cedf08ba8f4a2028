"""Probes are answered before Django, and whatever the rest of the process does."""

import json

import pytest

from apps.health.middleware import readiness
from apps.health.sampler import sampler
from rustok.api.probes import Probes


def never(environ, start_response):
    start_response("299 Passed On", [])
    return [b"passed on"]


def ask(method, path):
    told = {}

    def start_response(status, headers):
        told.update(status=status, headers=dict(headers))

    body = b"".join(Probes(never)({"REQUEST_METHOD": method, "PATH_INFO": path}, start_response))
    return {**told, "body": body}


def test_a_process_is_alive_without_any_part_of_it():
    answer = ask("GET", "/health/live")

    assert (answer["status"], json.loads(answer["body"])) == ("200 OK", {"status": "pass"})
    assert answer["headers"]["Content-Type"] == "application/health+json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


def test_readiness_is_what_the_sampler_remembers():
    answer = ask("GET", "/health/ready")
    status, body = readiness(sampler())

    assert (int(answer["status"][:3]), answer["body"]) == (status, body)
    assert "failing" in json.loads(body)


def test_a_head_request_is_told_the_length_only():
    answer = ask("HEAD", "/health/live")

    assert (answer["body"], answer["headers"]["Content-Length"]) == (b"", "17")


@pytest.mark.parametrize(("method", "path"), [("POST", "/health/live"), ("GET", "/health"), ("GET", "/")])
def test_everything_else_is_passed_on(method, path):
    assert ask(method, path)["body"] == b"passed on"

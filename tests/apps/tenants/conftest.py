"""Fixtures of the tenants' tests."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse

from rustok.errors.http import PROBLEM_JSON


@pytest.fixture
def problem() -> Callable[[HttpResponse], tuple[int, int]]:
    """Status and code of a problem document."""

    def read(response: HttpResponse) -> tuple[int, int]:
        document = json.loads(response.content)
        assert response["Content-Type"] == PROBLEM_JSON
        assert document["status"] == response.status_code
        return response.status_code, document["code"]

    return read

"""A client of the sample endpoints with a key that may do everything with things."""

from __future__ import annotations

import pytest

from apps.security.services import create_api_key


@pytest.fixture
def sample(acme, context, client_of, settings):
    """A caller who may do everything, on the host of acme."""
    settings.ROOT_URLCONF = "tests.rustok.api.sample"
    _key, plain = create_api_key(name="tester", permissions=["*:*"], context=context)
    return client_of(acme, HTTP_AUTHORIZATION=f"Bearer {plain}")

"""The frozen list of reserved names against what the platform really serves."""

from importlib import import_module

import pytest
from django.urls import URLPattern, URLResolver

from apps.tenants.validation.reserved import FIRST_SEGMENTS, is_reserved


def _first_segments(urlconf):
    for entry in import_module(urlconf).urlpatterns:
        assert isinstance(entry, (URLPattern, URLResolver))
        route = str(entry.pattern).lstrip("^")
        yield route.split("/", 1)[0].rstrip("$")


@pytest.mark.parametrize("urlconf", ["rustok.urls.platform", "rustok.urls.tenant"])
def test_every_first_level_url_name_is_reserved(urlconf):
    missing = {segment for segment in _first_segments(urlconf) if segment} - FIRST_SEGMENTS

    assert not missing, "add these to apps/tenants/validation/reserved.py"


@pytest.mark.parametrize("path", ["STATIC_URL", "MEDIA_URL"])
def test_the_prefixes_of_files_are_reserved(settings, path):
    segment = str(getattr(settings, path)).strip("/").split("/")[0]

    assert not segment or is_reserved(segment)

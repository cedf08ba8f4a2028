"""Addresses below `/api/v1/`: the same log endpoint on every host, reading the log of that host."""

from django.urls import path

from apps.events.api.views import EventLog

tenant_urlpatterns = [path("events/", EventLog.as_view())]
platform_urlpatterns = tenant_urlpatterns

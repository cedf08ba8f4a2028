"""Addresses below `/api/v1/`, on the platform host. Probes are answered before any address is looked up."""

from django.urls import path

from apps.health.api.views import HealthGraph, HealthHistory

platform_urlpatterns = [
    path("health/history/", HealthHistory.as_view()),
    path("health/graph/", HealthGraph.as_view()),
]

"""Addresses below `/api/v1/`, on the platform host."""

from django.urls import path

from apps.operations.api.views import BreakerCollection, BreakerForcing, BreakerReset, ServiceMode

platform_urlpatterns = [
    path("degradation/", ServiceMode.as_view()),
    path("breakers/", BreakerCollection.as_view()),
    path("breakers/force/", BreakerForcing.as_view()),
    path("breakers/reset/", BreakerReset.as_view()),
]

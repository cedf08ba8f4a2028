"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.webhooks.api.views import DeliveryCollection, EndpointCollection, EndpointDetail, EndpointReplay

tenant_urlpatterns = [
    path("webhooks/endpoints/", EndpointCollection.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/", EndpointDetail.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/replay/", EndpointReplay.as_view()),
    path("webhooks/deliveries/", DeliveryCollection.as_view()),
]

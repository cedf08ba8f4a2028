"""Routes of this app under `/api/v1/webhooks/`, on tenant hosts."""

from django.urls import path

from apps.webhooks.api import views

tenant_urlpatterns = [
    path("webhooks/endpoints/", views.EndpointCollection.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/", views.EndpointItem.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/pause/", views.EndpointPause.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/activate/", views.EndpointActivation.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/replay/", views.EndpointReplay.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/replays/", views.ReplayCollection.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/replays/<uuid:replay_id>/", views.ReplayItem.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/rotate-secret/", views.EndpointRotation.as_view()),
    path("webhooks/endpoints/<uuid:endpoint_id>/test/", views.EndpointTest.as_view()),
    path("webhooks/deliveries/", views.DeliveryCollection.as_view()),
    path("webhooks/deliveries/<uuid:delivery_id>/", views.DeliveryItem.as_view()),
]

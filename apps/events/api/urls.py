"""Routes of this app under `/api/v1/`, on both hosts: the platform has a log of its own."""

from django.urls import path

from apps.events.api import dead_letters, views

tenant_urlpatterns = [
    path("events/", views.EventCollection.as_view()),
    path("events/dead-letters/", dead_letters.DeadLetterCollection.as_view()),
    path("events/dead-letters/redrive/", dead_letters.DeadLetterRedrive.as_view()),
    path("events/schemas/", views.EventSchemaCollection.as_view()),
    path("events/schemas/<str:wire_type>/", views.EventSchemaItem.as_view()),
    path("events/schemas/<str:event_type>/<int:version>/", views.EventSchemaVersion.as_view()),
]
platform_urlpatterns = tenant_urlpatterns

"""Mounted by the URL maps of both hosts."""

from django.urls import path

from rustok.api import views

common_urlpatterns = [
    path("api/schema/", views.schema, name="schema"),
    path("api/docs/", views.swagger, name="docs"),
    path("api/redoc/", views.redoc, name="redoc"),
    path("api/redoc/bundle.js", views.redoc_bundle, name="redoc_bundle"),
    path("api/errors/", views.errors, name="errors"),
]

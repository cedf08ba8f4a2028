"""Addresses below `/api/v1/`, on the platform host."""

from django.urls import path

from apps.lifecycle.api.views import (
    TenantCollection,
    TenantConfiguration,
    TenantDetail,
    TenantResumption,
    TenantSuspension,
)

platform_urlpatterns = [
    path("tenants/", TenantCollection.as_view()),
    path("tenants/<slug:slug>/", TenantDetail.as_view()),
    path("tenants/<slug:slug>/config/", TenantConfiguration.as_view()),
    path("tenants/<slug:slug>/suspend/", TenantSuspension.as_view()),
    path("tenants/<slug:slug>/resume/", TenantResumption.as_view()),
]

"""Addresses below `/api/v1/` on either side."""

from django.urls import path

from apps.flags.api import platform, views

_audiences = [
    path("audiences/", views.Audiences.as_view()),
    path("audiences/<kebab:key>/", views.AudienceDetail.as_view()),
]
tenant_urlpatterns = [
    path("flags/", views.ShopFlags.as_view()),
    path("flags/<kebab:key>/", views.ShopFlag.as_view()),
    *_audiences,
]
platform_urlpatterns = [
    path("flags/", platform.Flags.as_view()),
    path("flags/<kebab:key>/", platform.FlagDetail.as_view()),
    *_audiences,
]

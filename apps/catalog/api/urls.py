"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.catalog.api.products import Prices, ProductCollection, ProductDetail
from apps.catalog.api.stock import Stock

tenant_urlpatterns = [
    path("products/", ProductCollection.as_view()),
    path("products/<uuid:product_id>/", ProductDetail.as_view()),
    path("prices/", Prices.as_view()),
    path("stock/", Stock.as_view()),
]

"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.insights.api import views

tenant_urlpatterns = [
    path("reports/sales-per-day/", views.SalesPerDay.as_view()),
    path("reports/best-sellers/", views.BestSellers.as_view()),
    path("reports/stock-movements/", views.StockMovements.as_view()),
    path("reports/customer-value/", views.CustomerValues.as_view()),
]

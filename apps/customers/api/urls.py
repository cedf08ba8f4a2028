"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.customers.api.views import CustomerCollection, CustomerDetail

tenant_urlpatterns = [
    path("customers/", CustomerCollection.as_view()),
    path("customers/<uuid:customer_id>/", CustomerDetail.as_view()),
]

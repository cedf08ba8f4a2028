"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.payments.api.views import PaymentCollection, PaymentDetail

tenant_urlpatterns = [
    path("payments/", PaymentCollection.as_view()),
    path("payments/<uuid:payment_id>/", PaymentDetail.as_view()),
]

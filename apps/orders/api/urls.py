"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.orders.api import moves
from apps.orders.api.views import OrderCollection, OrderDetail

tenant_urlpatterns = [
    path("orders/", OrderCollection.as_view()),
    path("orders/<uuid:order_id>/", OrderDetail.as_view()),
    path("orders/<uuid:order_id>/confirm/", moves.Confirm.as_view()),
    path("orders/<uuid:order_id>/pay/", moves.Pay.as_view()),
    path("orders/<uuid:order_id>/ship/", moves.Ship.as_view()),
    path("orders/<uuid:order_id>/deliver/", moves.Deliver.as_view()),
    path("orders/<uuid:order_id>/cancel/", moves.Cancel.as_view()),
    path("orders/<uuid:order_id>/refund/", moves.Refund.as_view()),
]

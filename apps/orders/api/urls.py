"""Addresses below `/api/v1/`, on tenant hosts."""

from django.urls import path

from apps.orders.api import carts, moves
from apps.orders.api.views import OrderCollection, OrderDetail

tenant_urlpatterns = [
    path("carts/", carts.CartCollection.as_view()),
    path("carts/<uuid:cart_id>/", carts.CartDetail.as_view()),
    path("carts/<uuid:cart_id>/lines/", carts.CartLines.as_view()),
    path("carts/<uuid:cart_id>/lines/<uuid:line_id>/", carts.CartLineDetail.as_view()),
    path("carts/<uuid:cart_id>/checkout/", carts.Checkout.as_view()),
    path("orders/", OrderCollection.as_view()),
    path("orders/<uuid:order_id>/", OrderDetail.as_view()),
    path("orders/<uuid:order_id>/confirm/", moves.Confirm.as_view()),
    path("orders/<uuid:order_id>/pay/", moves.Pay.as_view()),
    path("orders/<uuid:order_id>/ship/", moves.Ship.as_view()),
    path("orders/<uuid:order_id>/deliver/", moves.Deliver.as_view()),
    path("orders/<uuid:order_id>/cancel/", moves.Cancel.as_view()),
    path("orders/<uuid:order_id>/refund/", moves.Refund.as_view()),
]

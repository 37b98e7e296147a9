"""Addresses of offers and vouchers."""

from django.urls import path

from beyou.offers import views, voucher_views

app_name = "offers"
urlpatterns = [
    path("offers", views.offers, name="offers"),
    path("offers/new", views.new, name="new"),
    path("offers/<uuid:offer_id>", views.offer, name="offer"),
    path("offers/<uuid:offer_id>/step", views.step, name="step"),
    path("selling/vouchers", voucher_views.vouchers, name="vouchers"),
    path("selling/vouchers/<uuid:voucher_id>/end", voucher_views.end, name="end-voucher"),
]

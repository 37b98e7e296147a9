"""Addresses of carts, checkouts and orders."""

from django.urls import path

from beyou.orders import cart_views, order_views, views

app_name = "orders"
urlpatterns = [
    path("cart", cart_views.cart, name="cart"),
    path("cart/add", cart_views.add, name="add"),
    path("cart/voucher", cart_views.enter_voucher, name="voucher"),
    path("cart/vouchers/<uuid:voucher_id>/remove", cart_views.remove_voucher, name="remove-voucher"),
    path("cart/offers/<uuid:offer_id>", cart_views.take_offer, name="take-offer"),
    path("cart/reminder", cart_views.reminder, name="reminder"),
    path("cart/prices", cart_views.accept_prices, name="prices"),
    path("cart/<uuid:variant_id>", cart_views.change, name="change"),
    path("cart/<uuid:variant_id>/remove", cart_views.remove, name="remove"),
    path("cart/<uuid:variant_id>/wait", cart_views.wait, name="wait"),
    path("checkout", views.checkout, name="checkout"),
    path("checkout/start", views.start, name="start"),
    path("checkout/extend", views.extend, name="extend"),
    path("checkout/stop", views.stop, name="stop"),
    path("orders", order_views.orders, name="orders"),
    path("orders/<slug:number>", order_views.order, name="order"),
    path("orders/<slug:number>/payment", views.payment, name="payment"),
    path("orders/<slug:number>/cancel", views.cancel, name="cancel"),
    path("orders/<slug:number>/receipt.pdf", order_views.receipt, name="receipt"),
    path("orders/<slug:number>/proof.json", order_views.proof, name="proof"),
    path("orders/parts/<slug:number>/confirm", order_views.confirm, name="confirm"),
    path("orders/parts/<slug:number>/call-off", order_views.step_back, name="step-back"),
    path("selling/orders", order_views.sales, name="sales"),
    path("selling/orders/<slug:number>", order_views.sale, name="sale"),
    path("selling/orders/<slug:number>/call-off", order_views.call_off, name="call-off"),
    path("selling/orders/<slug:number>/invoice.pdf", order_views.invoice, name="invoice"),
    path("selling/orders/<slug:number>/proof.json", order_views.sale_proof, name="sale-proof"),
]

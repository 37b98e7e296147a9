"""Addresses of payments."""

from django.urls import path

from beyou.payments import money_views, views

app_name = "payments"
urlpatterns = [
    path("pay/<uuid:payment_id>/go", views.go, name="go"),
    path("pay/<uuid:payment_id>/back", views.back, name="back"),
    path("selling/money", money_views.money, name="money"),
    path("selling/money/payouts", money_views.payouts, name="payouts"),
    path("selling/money/account", money_views.account, name="account"),
    path("selling/money/account/back", money_views.account_back, name="account_back"),
    path("selling/money/statement.csv", money_views.statement, name="statement"),
    path("payments/webhooks/<slug:gateway>", views.webhook, name="webhook"),
]

"""Addresses of reports."""

from django.urls import path

from beyou.reports import views

app_name = "reports"
urlpatterns = [
    path("reports", views.mine, name="mine"),
    path("report/members/<slug:handle>", views.member, name="member"),
    path("report/messages/<slug:handle>", views.messages, name="messages"),
    path("report/items/<uuid:item_id>", views.item, name="item"),
    path("report/orders/<slug:number>", views.order, name="order"),
]

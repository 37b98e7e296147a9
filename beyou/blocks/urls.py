"""Addresses of blocks."""

from django.urls import path

from beyou.blocks import views

app_name = "blocks"
urlpatterns = [
    path("friends/blocked", views.blocked, name="blocked"),
    path("u/<slug:handle>/block", views.block, name="block"),
    path("u/<slug:handle>/block-reason", views.change_reason, name="reason"),
    path("u/<slug:handle>/unblock", views.unblock, name="unblock"),
]

"""Addresses of the pages about keys."""

from django.urls import path

from beyou.keys import views

app_name = "keys"
urlpatterns = [
    path("settings/keys", views.keys, name="keys"),
    path("settings/keys/devices/<uuid:device_id>/revoke", views.revoke_device, name="revoke-device"),
]

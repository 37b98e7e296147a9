"""Addresses of figures."""

from django.urls import path

from beyou.analytics import views

app_name = "analytics"
urlpatterns = [
    path("selling", views.selling, name="selling"),
    path("selling/items.csv", views.items_file, name="items-file"),
]

"""Addresses of the activity centre."""

from django.urls import path

from beyou.notifications import views

app_name = "notifications"
urlpatterns = [
    path("activity", views.activity, name="activity"),
    path("activity/read", views.read_all, name="read-all"),
    path("activity/<uuid:notification_id>", views.open_one, name="open"),
]

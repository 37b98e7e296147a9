"""The member's data, and leaving."""

from django.urls import path

from beyou.privacy import views

app_name = "privacy"
urlpatterns = [
    path("settings/data", views.data, name="data"),
    path("settings/data/exports", views.request_export, name="request-export"),
    path("settings/data/exports/<uuid:export_id>", views.download, name="download"),
    path("settings/data/exports/<uuid:export_id>/delete", views.delete_export, name="delete-export"),
    path("settings/data/leave", views.leave, name="leave"),
    path("leaving", views.leaving, name="leaving"),
]

"""Addresses of decisions about members."""

from django.urls import path

from beyou.moderation import views

app_name = "moderation"
urlpatterns = [
    path("decisions", views.decisions, name="decisions"),
    path("decisions/<uuid:sanction_id>/record.json", views.record, name="record"),
    path("decisions/<uuid:sanction_id>/appeal", views.appeal, name="appeal"),
]

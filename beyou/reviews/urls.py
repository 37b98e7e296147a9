"""Addresses of ratings and sellers."""

from django.urls import path

from beyou.reviews import views

app_name = "reviews"
urlpatterns = [
    path("market/sellers/<slug:handle>", views.seller, name="seller"),
    path("ratings/reminders", views.reminders, name="reminders"),
    path("ratings/<uuid:rating_id>/reply", views.reply, name="reply"),
    path("ratings/<slug:number>", views.exchange, name="exchange"),
]

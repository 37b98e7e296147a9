"""Addresses of friends and profiles."""

from django.urls import path

from beyou.friends import views

app_name = "friends"
urlpatterns = [
    path("friends", views.friends, name="friends"),
    path("friends/search", views.search, name="search"),
    path("verified/members", views.verified_members, name="verified"),
    path("u/<slug:handle>", views.profile, name="profile"),
    path("pictures/<uuid:media_id>", views.picture, name="picture"),
    path("u/<slug:handle>/friendship", views.step, name="step"),
]

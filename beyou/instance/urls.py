from django.urls import path

from beyou.instance import views

app_name = "instance"
urlpatterns = [
    path("rules", views.rules, name="rules"),
    path("announcements", views.announcements, name="announcements"),
    path("announcements/<uuid:announcement_id>/dismiss", views.dismiss, name="dismiss"),
]

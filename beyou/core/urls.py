from django.urls import path

from beyou.core import views

app_name = "core"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("about/security", views.security, name="security"),
    path("offline", views.offline, name="offline"),
    path("sw.js", views.service_worker, name="service_worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz/live", views.live, name="live"),
]

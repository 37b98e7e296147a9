"""Addresses of the pretend bank. Whoever knows a reference may pay, as at a real one."""

from django.urls import path

from beyou.sandbox import views

app_name = "sandbox"
urlpatterns = [
    path("sandbox/pay/<slug:reference>", views.pay, name="pay"),
    path("sandbox/pay/<slug:reference>/confirm", views.confirm, name="confirm"),
    path("sandbox/pay/<slug:reference>/cancel", views.cancel, name="cancel"),
]

from django.urls import path

from beyou.health import views

app_name = "health"
urlpatterns = [path("healthz/ready", views.ready, name="ready")]

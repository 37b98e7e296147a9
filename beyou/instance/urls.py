from django.urls import path

from beyou.instance import views

app_name = "instance"
urlpatterns = [path("rules", views.rules, name="rules")]

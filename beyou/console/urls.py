"""The staff pages, mounted below the secret prefix (BEYOU_STAFF_PREFIX)."""

from django.urls import path

from beyou.console import views

app_name = "console"
urlpatterns = [
    path("", views.start, name="start"),
    path("staff", views.staff, name="staff"),
    path("staff/withdraw", views.withdraw, name="withdraw"),
    path("audit", views.audit, name="audit"),
]

from django.urls import path

from beyou.verification import views

app_name = "verification"
urlpatterns = [
    path("verify", views.verify, name="verify"),
    path("verify/status", views.status, name="status"),
    path("verify/withdraw", views.withdraw, name="withdraw"),
    path("verified", views.verified, name="verified"),
]

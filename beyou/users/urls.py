"""Joining and signing in. The names that begin with `account_` are those which allauth reverses."""

from django.urls import include, path

from beyou.users import token_views, views

urlpatterns = [
    path("join", views.SignUp.as_view(), name="account_signup"),
    path("join/code", views.EnterCode.as_view(), name="account_email_verification_sent"),
    path("join/again", views.start_again, name="account_email"),
    path("sign-in", views.SignIn.as_view(), name="account_login"),
    path("sign-out", views.SignOut.as_view(), name="account_logout"),
    path("", include(token_views)),
    path("dev/mail", views.caught_mail, name="caught_mail"),
]

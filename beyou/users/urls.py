"""Joining and signing in. The names that begin with `account_` are those which allauth reverses."""

from django.urls import include, path

from beyou.users import password_views, session_views, token_views, views

urlpatterns = [
    path("join", views.SignUp.as_view(), name="account_signup"),
    path("join/code", views.EnterCode.as_view(), name="account_email_verification_sent"),
    path("join/again", views.start_again, name="account_email"),
    path("sign-in", views.SignIn.as_view(), name="account_login"),
    path("sign-out", views.SignOut.as_view(), name="account_logout"),
    path("", include(token_views)),
    path("recover", password_views.ask, name="account_reset_password"),
    path("recover/sent", password_views.sent, name="recover_sent"),
    path("recover/password", password_views.new_password, name="recover_password"),
    path("recover/link/<str:token>", password_views.open_link, name="recover_link"),
    path("settings/password", password_views.change, name="change_password"),
    path("settings/new-password", password_views.replace, name="new_password"),
    path("", include(session_views)),
    path("dev/mail", views.caught_mail, name="caught_mail"),
]

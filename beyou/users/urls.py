"""Joining and signing in. The names that begin with `account_` are those which allauth reverses."""

from django.urls import include, path

from beyou.users import (
    contact_views,
    decoy_views,
    factor_views,
    password_views,
    profile_views,
    provider_views,
    recovery_views,
    session_views,
    sign_in_views,
    token_views,
    views,
)

urlpatterns = [
    path("join", views.SignUp.as_view(), name="account_signup"),
    path("join/code", views.EnterCode.as_view(), name="account_email_verification_sent"),
    path("join/again", views.start_again, name="account_email"),
    path("sign-in", views.SignIn.as_view(), name="account_login"),
    path("sign-in/second-step", sign_in_views.second_step_page, name="mfa_authenticate"),
    path("sign-in/passkey", sign_in_views.sign_in_with_passkey, name="sign-in-passkey"),
    path("sign-in/passkey/options", sign_in_views.passkey_options, name="passkey-options"),
    path("confirm", sign_in_views.confirm, name="confirm"),
    path("settings/second-step", factor_views.overview, name="second-step"),
    path("settings/second-step/app", factor_views.app, name="second-step-app"),
    path("settings/second-step/app/remove", factor_views.remove_app, name="second-step-app-remove"),
    path("settings/second-step/codes", factor_views.recovery_codes, name="second-step-codes"),
    path("settings/second-step/passkeys/new", factor_views.add_passkey, name="passkey-new"),
    path("settings/second-step/passkeys/<uuid:passkey_id>", factor_views.passkey, name="passkey"),
    path(
        "settings/second-step/passkeys/<uuid:passkey_id>/remove",
        factor_views.remove_passkey,
        name="passkey-remove",
    ),
    path("sign-out", views.SignOut.as_view(), name="account_logout"),
    path("", include(token_views)),
    path("recover", password_views.ask, name="account_reset_password"),
    path("recover/sent", password_views.sent, name="recover_sent"),
    path("recover/password", password_views.new_password, name="recover_password"),
    path("recover/link/<str:token>", password_views.open_link, name="recover_link"),
    path("", include(recovery_views)),
    path("settings/password", password_views.change, name="change_password"),
    path("settings/new-password", password_views.replace, name="new_password"),
    path("", include(session_views)),
    path("", include(provider_views)),
    path("", include(profile_views)),
    path("", include(contact_views)),
    path("", include(decoy_views)),
    path("dev/mail", views.caught_mail, name="caught_mail"),
]

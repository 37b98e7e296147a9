"""The pages of a member's own profile and privacy."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from beyou.core.errors import ApplicationError
from beyou.core.toasts import toast
from beyou.users import queries, services
from beyou.users.errors import FieldRefused
from beyou.users.http import MemberRequest, member_required
from beyou.users.profile_forms import PictureForm, PrivacyForm, ProfileForm


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def profile(request: MemberRequest) -> HttpResponse:
    """Name, handle and text; a refusal keeps what was typed."""
    if request.method != "POST":
        return _profile_page(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _profile_page(request, form=form, status=422)
    try:
        change = services.change_profile(member_id=request.member.pk, **form.cleaned_data)
    except FieldRefused as error:
        form.add_error(error.field, error.detail)
        return _profile_page(request, form=form, status=error.status)
    waits = "Saved. Your new name shows when our staff have looked at it."
    toast(request, waits if change.pending else "Saved.")
    return redirect("profile:profile")


@require_POST
@member_required
def picture(request: MemberRequest) -> HttpResponse:
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        return _profile_page(request, picture_form=form, status=422)
    try:
        services.set_picture(member_id=request.member.pk, data=form.cleaned_data["picture"].read())
    except ApplicationError as error:
        form.add_error("picture", error.detail)
        return _profile_page(request, picture_form=form, status=error.status)
    toast(request, "Saved. That is you.")
    return redirect("profile:profile")


@require_POST
@member_required
def remove_picture(request: MemberRequest) -> HttpResponse:
    services.remove_picture(member_id=request.member.pk)
    toast(request, "Removed. Your initials show instead.")
    return redirect("profile:profile")


@require_POST
@member_required
def withdraw(request: MemberRequest) -> HttpResponse:
    """The member no longer wants the name that waits for the staff."""
    services.withdraw_rename(member_id=request.member.pk)
    toast(request, "Taken back. You keep your name.")
    return redirect("profile:profile")


def _profile_page(request: MemberRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    context = {
        "form": forms.get("form") or ProfileForm.of(request.member),
        "picture_form": forms.get("picture_form") or PictureForm(),
        "rename": queries.last_rename(request.member.pk),
    }
    return render(request, "users/profile.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def privacy(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "users/privacy.html", {"form": PrivacyForm.of(request.member)})
    form = PrivacyForm(request.POST)
    if not form.is_valid():
        return render(request, "users/privacy.html", {"form": form}, status=422)
    services.change_privacy(member_id=request.member.pk, **form.choices())
    toast(request, "Saved. It holds from now on.")
    return redirect("profile:privacy")


app_name = "profile"
urlpatterns = [
    path("settings/profile", profile, name="profile"),
    path("settings/profile/picture", picture, name="picture"),
    path("settings/profile/picture/remove", remove_picture, name="remove-picture"),
    path("settings/profile/rename/withdraw", withdraw, name="withdraw"),
    path("settings/privacy", privacy, name="privacy"),
]

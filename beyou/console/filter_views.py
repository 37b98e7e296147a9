"""The staff page of filters that somebody keeps: saving, opening, renaming and deleting them."""

from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from beyou.console import filters
from beyou.console.errors import FilterRefused
from beyou.console.models import NAME_LENGTH
from beyou.core.errors import InvalidInput
from beyou.core.toasts import toast
from beyou.users.http import MemberRequest, staff_required

staff = staff_required(None)


class NameForm(forms.Form):
    """What a filter is called. The service says what is wrong with a name."""

    name = forms.CharField(
        label="Name",
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"maxlength": NAME_LENGTH, "autocomplete": "off"}),
    )


class FilterForm(forms.Form):
    filter = forms.UUIDField()


def _filter_id(data: QueryDict) -> UUID:
    form = FilterForm(data)
    if not form.is_valid():
        raise InvalidInput("Choose a filter on the page of your filters.")
    found: UUID = form.cleaned_data["filter"]
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff
def saved_filters(request: MemberRequest) -> HttpResponse:
    """What this one keeps; a POST keeps what a list shows. What was typed stays when it is refused."""
    if request.method != "POST":
        return _page(request)
    name_form, list_name = NameForm(request.POST), request.POST.get("list", "")
    if list_name not in filters.LISTS:
        raise InvalidInput("Save a filter on the page of its list.")
    data = request.POST.dict()
    if name_form.is_valid():
        try:
            kept = filters.save_filter(
                owner_id=request.member.pk,
                levels=request.levels,
                name=name_form.cleaned_data["name"],
                list_name=list_name,
                data=data,
            )
        except FilterRefused as error:
            name_form.add_error("name", error.detail)
        else:
            toast(request, f"“{kept.name}” is saved.")
            return redirect(_address(kept))
    return _page(request, name_form, filters.shelf_for(request.member.pk, list_name, data))


def _page(
    request: MemberRequest,
    form: NameForm | None = None,
    shelf: filters.Shelf | None = None,
    renamed: UUID | None = None,
) -> HttpResponse:
    """`form` was refused: for what the shelf shows now, or for the filter that was to be renamed."""
    lines = [
        (
            each,
            form
            if form and each.id == renamed
            else NameForm({"name": each.name}, auto_id=f"id_{each.id}_%s"),
        )
        for each in filters.filters_of(request.member.pk, request.levels)
    ]
    context = {"form": form, "shelf": shelf, "lines": lines, "renamed": renamed, "most": filters.MOST}
    return render(request, "console/filters.html", context, status=422 if form else 200)


def _address(kept: filters.Saved) -> str:
    query = urlencode(kept.chosen)
    return reverse(filters.LISTS[kept.list_name].view) + (f"?{query}" if query else "")


@require_safe
@staff
def open_filter(request: MemberRequest) -> HttpResponse:
    """Leads to the list, and says so when something that the filter chose is no longer there."""
    kept = filters.filter_for(request.member.pk, request.levels, _filter_id(request.GET))
    if kept.lost:
        gone = ", ".join(f"“{each}”" for each in kept.lost)
        text = f"“{kept.name}” chose {gone}, which is no longer there. The list is shown without it."
        toast(request, text, level=messages.WARNING)
    return redirect(_address(kept))


@require_POST
@staff
def rename_filter(request: MemberRequest) -> HttpResponse:
    filter_id = _filter_id(request.POST)
    filters.filter_for(request.member.pk, request.levels, filter_id)
    form = NameForm(request.POST, auto_id=f"id_{filter_id}_%s")
    if form.is_valid():
        try:
            filters.rename_filter(
                owner_id=request.member.pk, filter_id=filter_id, name=form.cleaned_data["name"]
            )
        except FilterRefused as error:
            form.add_error("name", error.detail)
        else:
            toast(request, "Renamed.")
            return redirect("console:filters")
    return _page(request, form, renamed=filter_id)


@require_POST
@staff
def delete_filter(request: MemberRequest) -> HttpResponse:
    filters.delete_filter(owner_id=request.member.pk, filter_id=_filter_id(request.POST))
    toast(request, "Deleted.")
    return redirect("console:filters")


urlpatterns = [
    path("filters", saved_filters, name="filters"),
    path("filters/open", open_filter, name="open-filter"),
    path("filters/rename", rename_filter, name="rename-filter"),
    path("filters/delete", delete_filter, name="delete-filter"),
]

"""The back room: Django's own admin, in which owners look at rows and nobody changes any.

Its views, lists and templates are Django's; here stand who enters, what is shown, and which addresses exist.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin, ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, Model
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from beyou.backroom import services
from beyou.backroom.rules import is_shown
from beyou.core import personal
from beyou.core.errors import InvalidInput, NotFound
from beyou.core.http import client_ip
from beyou.users.http import MemberRequest, staff_required
from beyou.users.rules import Level

if TYPE_CHECKING:
    _ModelAdmin = ModelAdmin[Model]
else:
    _ModelAdmin = ModelAdmin

Column = str | Callable[[Model], Any]


def shown_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    """The columns of the table that are shown, its key first; none where the key is hidden: such rows have no
    address.
    """
    meta = model._meta
    assert meta.pk is not None
    found = [
        field
        for field in meta.concrete_fields
        if is_shown(meta.label, field.name, _kind_of(field), has_choices=bool(field.choices))
    ]
    return sorted(found, key=lambda field: not field.primary_key) if meta.pk in found else []


def _kind_of(field: "Field[Any, Any]") -> str:
    """What the column holds: of a foreign key, what the key at its end does."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field.get_internal_type()


class RowList(ChangeList):
    """One page of a table."""

    def url_for_result(self, result: Model) -> str:
        return row_address(self.model, result.pk)


class Rows(_ModelAdmin):
    """The pages of one table: what is shown of each row, and nothing to search by, sort by or change."""

    actions = None
    list_filter = search_fields = sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    preserve_filters = False
    view_on_site = False
    # Ids of ours begin with their time, so this is the newest first.
    ordering = ("-pk",)
    change_list_template = "backroom/table.html"
    change_form_template = "backroom/row.html"

    def __init__(self, model: type[Model], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.shown = shown_fields(model)
        self.columns = [_column(field, admin_site) for field in self.shown]
        # A list does not say whom or what its rows are about: that is on the page of each, and told.
        self.listed = [
            field.attname for field in self.shown if field.primary_key or _kind_of(field) != "UUIDField"
        ]

    @property
    def media(self) -> Media:
        """No scripts."""
        return Media()

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Whoever has come here is an owner (`BackRoom.admin_view`).
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).only(*(field.name for field in self.shown))

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.listed

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.columns

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RowList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        try:
            return super().get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404 from None

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model:
        row = super().get_object(request, object_id)
        if row is None:
            raise Http404
        return row

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A page of the table. That somebody looked is written down before they see it."""
        title = capfirst(str(self.opts.verbose_name_plural))
        response = super().changelist_view(request, {"title": title})
        assert isinstance(response, TemplateResponse)
        services.note_list_look(
            actor_id=_reader(request),
            table=self.opts.label,
            page=(response.context_data or {})["cl"].page_num,
            address=client_ip(request),
        )
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """A row, without the name that it gives itself, which may hold what is hidden."""
        row: Model = context["original"]
        context |= {
            "title": capfirst(str(self.opts.verbose_name)),
            "subtitle": str(row.pk),
            "table_url": table_address(self.model),
        }
        services.note_row_look(
            actor_id=_reader(request),
            table=self.opts.label,
            key=str(row.pk)[:64],
            subject_id=_subject(row),
            address=client_ip(request),
        )
        return super().render_change_form(request, context, *args, **kwargs)


def _reader(request: HttpRequest) -> UUID:
    assert isinstance(getattr(request, "levels", None), frozenset)
    return cast(MemberRequest, request).member.pk


def _subject(row: Model) -> UUID | None:
    """The member whom the row is about, as its app declares in `own_data`; the first of several."""
    for table in personal.tables():
        for name in table.people if table.label == row._meta.label else ():
            try:
                field = row._meta.get_field(name)
            except FieldDoesNotExist:
                continue
            found = getattr(row, field.attname) if isinstance(field, Field) else None
            if isinstance(found, UUID):
                return found
    return None


def _column(field: "Field[Any, Any]", site: AdminSite) -> Column:
    """How the column is shown: a foreign key as the id that it holds, which leads to its row."""
    if field.primary_key or not field.is_relation:
        return field.attname
    target = field.related_model
    assert isinstance(target, type)

    def shown(row: Model) -> Any:
        key = getattr(row, field.attname)
        if key is None:
            return site.empty_value_display
        return format_html('<a href="{}">{}</a>', row_address(target, key), key) if linked(target) else key

    shown.__name__ = field.attname
    shown.short_description = field.verbose_name  # type: ignore[attr-defined]  # read by the admin
    return shown


class BackRoom(AdminSite):
    """The addresses, and who may enter."""

    site_title = "Back room"
    site_header = "Back room"
    index_title = "Tables"
    enable_nav_sidebar = False
    index_template = app_index_template = "backroom/index.html"

    def __init__(self) -> None:
        super().__init__()
        ours = [model for model in apps.get_models() if model.__module__.startswith("beyou.")]
        self.register([model for model in ours if shown_fields(model)], Rows)
        self.rows = {
            (rows.opts.app_label, rows.opts.model_name): rows
            for rows in self._registry.values()
            if isinstance(rows, Rows)
        }
        self._app_list: list[Any] = []

    def has_permission(self, request: HttpRequest) -> bool:
        # Asked behind `admin_view` alone.
        return True

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001  (Django's signature)
        """Owners whose session has shown a second factor lately look, and only look. For everybody else there
        is no such page, whatever they send: no question for a token, no list of methods, no better address.
        """

        @staff_required(Level.OWNER)
        @require_safe
        def looked(request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if set(request.GET) - {PAGE_VAR}:
                raise InvalidInput("The back room has no filters: its tables show every row, page by page.")
            response: HttpResponse = view(request, *args, **kwargs)
            return response

        @csrf_exempt
        @no_append_slash
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if getattr(request, "member", None) is not None:
                    return looked(request, *args, **kwargs)
            except NotFound:
                pass
            # As the resolver says it, which scripts are answered in another way than an error of ours.
            raise Http404

        return entered

    def get_urls(self) -> list[URLPattern]:  # type: ignore[override]  # resolvers, too, in Django's type
        return [
            path("", self.admin_view(self.index), name="index"),
            path("<str:app_label>/", self.admin_view(self.app_index), name="app_list"),
            path("<str:app_label>/<str:model_name>/", self.admin_view(self.table), name="table"),
            path("<str:app_label>/<str:model_name>/<str:object_id>/", self.admin_view(self.row), name="row"),
        ]

    def table(self, request: HttpRequest, app_label: str, model_name: str) -> HttpResponse:
        return self._rows(app_label, model_name).changelist_view(request)

    def row(self, request: HttpRequest, app_label: str, model_name: str, object_id: str) -> HttpResponse:
        return self._rows(app_label, model_name).changeform_view(request, object_id)

    def _rows(self, app_label: str, model_name: str) -> Rows:
        found = self.rows.get((app_label, model_name))
        if found is None:
            raise Http404
        return found

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """The same for everybody who enters, and so made once."""
        if not self._app_list:
            found = super().get_app_list(request)
            for model in (model for app in found for model in app["models"]):
                model["admin_url"] = table_address(model["model"])
            self._app_list = found
        return [app for app in self._app_list if app_label in (None, app["app_label"])]

    def get_log_entries(self, request: HttpRequest) -> Any:
        # Looks are in the audit, and changes there are none.
        return []


def table_address(model: type[Model]) -> str:
    return reverse("admin:table", args=[model._meta.app_label, model._meta.model_name])


def row_address(model: type[Model], key: UUID | int | str) -> str:
    return reverse("admin:row", args=[model._meta.app_label, model._meta.model_name, quote(key)])


site = BackRoom()


def linked(model: type[Model]) -> bool:
    """Whether rows of the table have a page."""
    return site.is_registered(model)

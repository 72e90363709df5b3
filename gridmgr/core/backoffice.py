"""What the admin of every app shares: refusals in words, geometry as text, history to read and never to change; and that
nobody overwrites, or deletes, what somebody else has saved in the meantime.

Nothing in it comes from another host or needs an inline script, so the site's content security policy holds here too.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.actions import delete_selected as plain_delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import NestedObjects, unquote
from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.fields import RangeField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, router, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.admin_forms import GeometryAsText, TrialForm, key_meant
from gridmgr.core.changes import changes_in, history_of
from gridmgr.core.errors import Conflict, Invalid
from gridmgr.core.meanwhile import SEEN, change_since, versions_of
from gridmgr.core.shared_forms import SharedForm, SharedFormSet

admin.site.site_header = gettext_lazy("gridmgr 后台管理")


admin.site.site_title = gettext_lazy("后台管理")


admin.site.index_title = gettext_lazy("可以管理的内容")


class ShowsVersion:
    """For admins and inlines: the version on the screen goes along with what may be changed, and only with that."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets = [
            (name, {**options, "fields": [each for each in options["fields"] if each != SEEN]})
            for name, options in super().get_fieldsets(request, obj)  # type: ignore[misc]
        ]
        if obj is not None and self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            sets[0][1]["fields"].append(SEEN)
        return sets


class SharedAdmin(ShowsVersion, GeometryAsText, admin.ModelAdmin):
    """The admin of what several people may change: who saves or deletes second is shown what the first saved."""

    form: Any = TrialForm
    change_form_template = "admin/change_form_meanwhile.html"
    delete_confirmation_template = "admin/delete_meanwhile.html"
    delete_selected_confirmation_template = "admin/delete_selected_meanwhile.html"
    actions: Any = ("delete_selected",)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return super().get_object(request, object_id, from_field or None)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What an address fills in of a new form, as far as the fields could hold it."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        names = {each.name: each for each in self.opts.concrete_fields if not isinstance(each, RangeField)}
        read = {name: _read(names[name], given[name]) for name in given.keys() & names.keys()}
        return {name: value for name, value in read.items() if value is not None}

    # ── Saving ──

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        answer = super().render_change_form(request, context, *args, **kwargs)
        shown = [context["adminform"].form]
        shown += [form for each in context["inline_admin_formsets"] for form in each.formset.forms]
        context["meanwhile"] = [
            (form.add_prefix(""), form.meanwhile) for form in shown if getattr(form, "meanwhile", None)
        ]
        if context["meanwhile"]:
            answer.status_code = Conflict.status
        return answer

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        """What was written for a row that somebody else deleted is shown once more, to be copied."""
        if request.method != "POST" or SEEN not in request.POST:
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]
        form = self.get_form(request, None, change=False)(request.POST)
        written = [(bound.label, bound.data) for bound in form.visible_fields() if bound.data]
        context = {**self.admin_site.each_context(request), "opts": opts, "title": _("已被别人删除")}
        page = TemplateResponse(request, "admin/gone.html", {**context, "written": written})
        page.status_code = Conflict.status
        return page

    # ── Deleting ──

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        with transaction.atomic():
            things = self._locked(self.get_queryset(request).filter(pk__in=key_meant(self.model, object_id)))
            asked = Deletion(things, request.POST.get(SEEN, "") if request.method == "POST" else None)
            if asked.changes:
                request.method, request.POST = "GET", QueryDict()
            context = {**(extra_context or {}), "deletion": asked}
            return asked.answered(super().delete_view(request, object_id, context))

    @admin.action(permissions=["delete"], description=plain_delete_selected.short_description)  # type: ignore[attr-defined]
    def delete_selected(self, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        with transaction.atomic():
            things = self._locked(queryset)
            asked = Deletion(things, request.POST.get(SEEN, "") if request.POST.get("post") else None)
            if asked.changes:
                given = request.POST.copy()
                given.pop("post", None)
                request.POST = given  # type: ignore[assignment]
            page = plain_delete_selected(self, request, queryset)
            if isinstance(page, TemplateResponse):
                page.context_data = {**(page.context_data or {}), "deletion": asked}
                return asked.answered(page)
            return page

    @staticmethod
    def _locked(rows: "QuerySet[Any]") -> list[Any]:
        """The rows, which nobody changes until they are deleted; in one order, so that two at once don't catch each other."""
        return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _read(field: Any, text: Any) -> Any:
    """What `text` says to a field; None when it is nothing that the field could hold."""
    try:
        return text if isinstance(field, GeometryField | models.ForeignKey) else field.to_python(text)
    except (ValidationError, ValueError, RecursionError):
        return None


class Deletion:
    """What would go, each row in its version; `changes`: what became of them since they were on the screen in `seen`."""

    def __init__(self, things: list[Any], seen: str | None) -> None:
        now = _versions_of_all(things)
        self.seen = " ".join(f"{label}:{key}:{version}" for (label, key), (version, _row) in now.items())
        self.changes: list[tuple[str, Any]] = []
        if seen is None:
            return
        then = {(label, key): version for label, key, version in _parts(seen)}
        for at, (version, row) in now.items():
            if then.get(at) != version:
                self.changes.append((str(row), change_since(row, then.get(at, ""))))
        if gone := len(set(then) - set(now)):
            self.changes.append((_("%s 项已不在其中") % gone, None))

    def answered(self, page: HttpResponse) -> HttpResponse:
        if self.changes:
            page.status_code = Conflict.status
        return page


def _versions_of_all(things: list[Any]) -> dict[tuple[str, str], tuple[str, Any]]:
    """Version and row of all that deleting `things` would delete, by the model's label and the row's key."""
    if not things:
        return {}
    collector = NestedObjects(using=router.db_for_write(type(things[0])))
    collector.collect(things)
    return {
        (model._meta.label_lower, str(row.pk)): (versions[row.pk], row)
        for model, rows in collector.data.items()
        for versions in [versions_of(list(rows))]
        for row in rows
    }


def _parts(seen: str) -> list[list[str]]:
    found = [each.split(":") for each in seen.split()]
    return [each for each in found if len(each) == 3]


class GridAdmin(SharedAdmin):
    """The admin of one kind of thing. Its history is that of the database's triggers, read-only."""

    list_per_page = 50
    show_full_result_count = False
    object_history_template = "admin/changes_of.html"
    change_list_template = "admin/list_with_changes.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_changes"
        return [
            path("changes/", self.admin_site.admin_view(self.changes_view), name=name),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; an action on rows whose keys are none is refused."""
        if not all(key_meant(self.model, each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Invalid(_("所选的行里有不存在的编号。请刷新后重新选择。"))
        return super().changelist_view(request, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404
        self._require_view(request, thing)
        context = {"title": _("修改记录"), "object": thing, "history": history_of(thing)}
        return self._read_only_page(request, self.object_history_template, context)

    def changes_view(self, request: HttpRequest) -> HttpResponse:
        """The latest changes of all things of this kind, those since deleted among them."""
        self._require_view(request, None)
        title = _("%(things)s的修改记录") % {"things": self.opts.verbose_name_plural}
        return self._read_only_page(
            request, "admin/changes.html", {"title": title, "changes": changes_in(self.model)}
        )

    def _require_view(self, request: HttpRequest, thing: Any) -> None:
        if not self.has_view_or_change_permission(request, thing):
            raise PermissionDenied

    def _read_only_page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )


class GridInline(ShowsVersion, GeometryAsText, admin.TabularInline):
    form = SharedForm
    formset = SharedFormSet
    extra = 0
    show_change_link = False

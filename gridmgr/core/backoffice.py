"""What the admin of every app shares: refusals in words, geometry as text, history to read and never to change; and that
nobody overwrites, or deletes, what somebody else has saved in the meantime.

Nothing in it comes from another host or needs an inline script, so the site's content security policy holds here too.
"""

import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.actions import delete_selected as plain_delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import NestedObjects, unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.fields import DateRangeField, DecimalRangeField, RangeField
from django.contrib.postgres.forms import DecimalRangeField as DecimalRangeFormField
from django.contrib.postgres.forms import RangeWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, models, router, transaction
from django.db.models import QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core import quantities
from gridmgr.core.errors import Conflict, DomainError, Invalid, constraint_of
from gridmgr.core.geo.text import GeometryText
from gridmgr.core.history import changes_in, history_of
from gridmgr.core.meanwhile import SEEN, SharedForm, SharedFormSet, change_since, versions_of

admin.site.site_header = gettext_lazy("gridmgr 后台管理")
admin.site.site_title = gettext_lazy("后台管理")
admin.site.index_title = gettext_lazy("可以管理的内容")

# What the database's triggers refuse, for a person. Plain constraints carry their own words in the models.
REFUSALS = {
    "stretch_on_road": gettext_lazy("里程须在道路的 0 m 至终点之间,且终点大于起点。"),
    "one_secretary": gettext_lazy("每个支部须有且仅有一名在任书记。请在该支部的页面里同时改任新旧书记。"),
    "member_keeps_branch": gettext_lazy("该党员在原支部还有责任段,不能调到别的支部。请先终止这些责任段。"),
    "section_holds_shares": gettext_lazy("路段内还有党员的责任段。请先终止这些责任段。"),
    "share_within_section": gettext_lazy("党员责任段须在本支部的责任路段和期间以内。"),
    "share_by_own_branch": gettext_lazy("该党员属于别的支部。请选本支部的党员。"),
    "site_step_by_step": gettext_lazy("摊点不能这样改变状态。请在摊点页按步骤办理。"),
    "site_approval_stands": gettext_lazy("谁提出、谁在何时批准,留存备查,不能改。"),
    "site_as_approved": gettext_lazy("这个摊点已经批准。请在规划页修改,再由另一人批准。"),
    "site_season_holds_allocations": gettext_lazy(
        "有摊位分配到季节以外。请先在摊位分配页终止或缩短这些分配,再改季节。"
    ),
    "allocation_within_season": gettext_lazy("瓜果市场的摊位分配须在该市场的季节以内。"),
    "allocation_on_held_pitch": gettext_lazy("这个摊位正为别的商贩保留。请另选空位,或等保留到期。"),
    "hold_on_free_pitch": gettext_lazy("这个摊位当天已有商贩使用,不能保留。请另选空位。"),
    "pitch_within_site": gettext_lazy("这个摊位伸出了摊点的范围。请移回范围内,或先重新提出摊点的范围。"),
    "site_holds_pitches": gettext_lazy("有摊位留在了摊点的新范围之外。请在规划页移动摊点,摊位会一起移。"),
    "pitches_apart": gettext_lazy("这个摊位与同一摊点的另一个摊位重叠。请移开或缩小。"),
}


def refusal(error: IntegrityError, thing: models.Model) -> str:
    """Why the database refused to save `thing`, in words."""
    name = constraint_of(error)
    # A constraint over a field that the form only shows is not asked by the form, but has its words all the same.
    own = {each.name: each.violation_error_message for each in thing._meta.constraints}
    words = str(
        REFUSALS.get(name)
        or own.get(name)
        or _("数据库拒绝保存(约束 %(name)s)。请核对后再试。") % {"name": name or "?"}
    )
    if name == "stretch_on_road":
        road: Any = thing.road  # type: ignore[attr-defined]
        words += _("%(road)s长 %(length)s。") % {"road": road, "length": quantities.metres(road.length_m)}
    return words


class TrialForm(SharedForm):
    """A form whose last check is to save and take it back, so that what only the database can judge is said here.

    `judged_alone`: checks that the database puts off to the end of the transaction are asked for as well.
    """

    judged_alone = True
    _asks_unique = False

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                with transaction.atomic():
                    self.try_saving(copy.copy(self.instance))
                    transaction.set_rollback(True)
            except IntegrityError as error:
                self.add_error(None, refusal(error, self.instance))
            except DomainError as error:
                self.add_error(None, str(error))

    def validate_unique(self) -> None:
        self._asks_unique = True
        super().validate_unique()

    def _get_validation_exclusions(self) -> set[str]:
        """While a field is wrong no constraint is asked: a condition over that field could not be judged."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        if self.errors and not self._asks_unique:
            excluded |= {each.name for each in self.instance._meta.concrete_fields}
        return excluded

    def try_saving(self, trial: Any) -> None:
        """Saves a copy of the instance, for nothing but the database's opinion."""
        trial.save()
        if self.judged_alone:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class KnownKeys(AutocompleteSelect):
    """A choice by searching; shows a form again that was sent with what can't be a key."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        model = self.field.remote_field.model
        return super().optgroups(name, [each for each in value if _key(model, str(each))], attr)


class Metres(forms.DecimalField):
    """Metres along a road; no road is longer than twelve digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 12, **kwargs})


class MetreRangeField(DecimalRangeFormField):
    base_field = Metres


class ShallowJSON(forms.JSONField):
    """JSON that is nested too deep to be read is as little JSON as any other text."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": ""}
            ) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)


class GeometryAsText:
    """For admins and inlines: geometry fields as text, days as date inputs, choices that bear any text."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest | None, **kwargs: Any) -> Any:
        if isinstance(db_field, GeometryField):
            kwargs["widget"] = GeometryText
            kwargs.setdefault("help_text", _("GeoJSON,或带坐标系的 WKT,如 SRID=4547;POINT(400000 4190000)。"))
        if isinstance(db_field, DateRangeField):
            kwargs["widget"] = RangeWidget(forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
            kwargs.setdefault("help_text", _("开始日期算在内,结束日期不算;长期有效则不填结束日期。"))
        if isinstance(db_field, models.JSONField):
            kwargs.setdefault("form_class", ShallowJSON)
        if isinstance(db_field, DecimalRangeField):
            kwargs.setdefault("form_class", MetreRangeField)
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", KnownKeys(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


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
            things = self._locked(self.get_queryset(request).filter(pk__in=_key(self.model, object_id)))
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


def _key(model: type[models.Model], object_id: str) -> list[Any]:
    """The key that an address means, or nothing."""
    try:
        return [model._meta.pk.to_python(unquote(object_id))]
    except (ValidationError, ValueError):
        return []


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
        if not all(_key(self.model, each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
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

"""Forms of the admin: refusals of the database in words, geometry as text, keys and numbers as people may type them."""

import copy
from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.fields import DateRangeField, DecimalRangeField
from django.contrib.postgres.forms import DecimalRangeField as DecimalRangeFormField
from django.contrib.postgres.forms import RangeWidget
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core import quantities
from gridmgr.core.errors import DomainError, constraint_of
from gridmgr.core.geo.text import GeometryText
from gridmgr.core.shared_forms import SharedForm

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
        return super().optgroups(name, [each for each in value if key_meant(model, str(each))], attr)


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


def key_meant(model: type[models.Model], object_id: str) -> list[Any]:
    """The key that an address means, or nothing."""
    try:
        return [model._meta.pk.to_python(unquote(object_id))]
    except (ValidationError, ValueError):
        return []

"""What the database objects to a row, in words for a person: its constraint's, its trigger's, and what stands in the way."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import DatabaseError, models
from django.db.models.lookups import PostgresOperatorLookup
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from gridmgr.core.importing.layers import Importer


def in_words(
    error: DatabaseError, name: str, importer: "Importer", values: Callable[[], Mapping[str, Any]]
) -> str:
    """Why the row wasn't taken; `name` is the constraint's, `values` gives the row by column, and as `pk` its stored id."""
    constraint = next((each for each in importer.model._meta.constraints if each.name == name), None)
    if isinstance(constraint, ExclusionConstraint):
        return " ".join(filter(None, (_message(constraint), _in_the_way(importer, constraint, values()))))
    if constraint is not None and (said := _message(constraint)):
        return said
    first = re.sub(r"\s+", " ", str(error).strip().splitlines()[0])
    said = trigger_words().get(name, "")
    return _("%(said)s(%(why)s)") % {"said": said or _("数据库不接受这一行。"), "why": first[:200]}


def _in_the_way(importer: "Importer", constraint: ExclusionConstraint, values: Mapping[str, Any]) -> str:
    """The stored row that an exclusion constraint set against this one, as the importer calls it."""
    others = importer.model._default_manager.filter(constraint.condition or models.Q())
    if values["pk"] is not None:
        others = others.exclude(pk=values["pk"])
    mine = {
        models.F(each.name): models.Value(values[str(each.column)], output_field=each)
        for each in importer.model._meta.concrete_fields
        if str(each.column) in values
    }
    for given, operator in constraint.expressions:
        expression: Any = models.F(given) if isinstance(given, str) else given
        lookup = PostgresOperatorLookup(expression, expression.replace_expressions(mine))
        lookup.postgres_operator = operator
        others = others.filter(lookup)
    other = others.first()
    return _("挡住它的是:%s。") % importer.holder(other) if other else ""


def trigger_words() -> dict[str, str]:
    """What the promises kept by triggers are called."""
    return {
        "stretch_on_road": _("里程超出道路范围。"),
        "pitch_within_site": _("伸出了摊点的范围。请改正几何,或先重新提出摊点的范围。"),
        "site_holds_pitches": _("有摊位留在了新范围之外。请在规划页移动摊点,摊位会一起移。"),
        "pitches_apart": _("与同一摊点的另一摊位重叠。"),
        "one_secretary": _("支部须有且只有一位在任书记。"),
        "site_step_by_step": _("摊点的状态不由导入改变,请在摊点页办理。"),
        "site_approval_stands": _("批准记录留存备查,不能改。"),
        "site_as_approved": _(
            "这个摊点已经批准,类别、范围、容量、时间和季节不由导入改变。请在规划页修改,再由另一人批准。"
        ),
        "site_season_holds_allocations": _("有摊位分配到季节以外。请先终止或缩短这些分配,再改季节。"),
        "section_holds_shares": _("这一路段里还有党员的责任段,不能缩短、提前结束或换支部。"),
    }


def _message(constraint: Any) -> str:
    """The constraint's own words for a person, '' when it has only Django's default."""
    default = constraint.default_violation_error_message
    return "" if constraint.violation_error_message == default else str(constraint.violation_error_message)

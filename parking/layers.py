"""The layers of schools, Panda lanes, drop-off points and bays."""

from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, Substr
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.layers.base import Field, Layer
from gridmgr.core.layers.declared import Finding, Listing, Page, Part, Print, and_unless
from gridmgr.core.layers.style import Body, Casing, Ground, Label, Letter, Line, Ramp, Size, Stripes, Style
from grids.enums import Side
from grids.layers import on_road, on_sections_of, stretch_fields
from grids.models import Assignment, Branch, MemberAssignment, Road
from parking import enums
from parking.models import Bay, DropOffHours, DropOffPoint, PandaLane, School


def on_road_fields() -> list[Field]:
    """Road, side and metres: where a thing stands."""
    return [
        Field("road", _("道路"), "road__name"),
        Field("side", _("侧"), "side", "choice", dict(Side.choices)),
        *stretch_fields(),
    ]


def _hours() -> Any:
    """The windows of a drop-off point as one text: "07:10–08:10 16:20–17:40"."""

    def hhmm(name: str) -> Any:
        return Substr(Cast(name, CharField()), 1, 5)

    windows = (
        DropOffHours.objects.filter(point=OuterRef("pk"))
        .order_by()
        .values("point")
        .annotate(text=StringAgg(Concat(hhmm("opens"), Value("–"), hhmm("closes")), " ", order_by="opens"))
    )
    return Subquery(windows.values("text"), output_field=CharField())


def _served_from(rows: Any, branch: Branch, on: date) -> QuerySet[Any]:
    """Schools whose drop-off points or lanes stand on the branch's sections."""
    points, lanes = [
        Exists(model.objects.on_sections_of(branch, on=on).filter(school=OuterRef("pk")))
        for model in (DropOffPoint, PandaLane)
    ]
    found: QuerySet[Any] = rows.filter(Q(points) | Q(lanes))
    return found


def _served_on(road: Road) -> Q:
    """Schools with a lane or a point on the road."""
    points, lanes = [kind.objects.filter(road=road).values("school") for kind in (DropOffPoint, PandaLane)]
    return Q(pk__in=points) | Q(pk__in=lanes)


SCHOOLS = Layer(
    name="schools",
    title=pgettext_lazy("plural", "学校"),
    rows=lambda audience, on: School.objects.visible_to(audience, on=on),
    geometry="area",
    models=[School, DropOffPoint, PandaLane, MemberAssignment],
    route="school",
    search=["name"],
    style=Style(
        shape="area",
        colour="school",
        glyph=pgettext_lazy("sign", "校"),
        label=Label("name"),
        marker_zoom=14,
    ),
    rank=40,
    listing=Listing(empty=_("这里列出学校及其校门。"), zoom=17, place=60),
    page=Page(template="desk/school.html", about="gridmgr.desk.places.about_school"),
    found=Finding(
        title="name", word=_("学校"), subtitle="kind", holds=["name"], choices=enums.SchoolKind.choices
    ),
    of_branch=_served_from,
    of_road=_served_on,
    fields=[
        Field("name", _("名称"), "name"),
        Field("kind", _("类别"), "kind", "choice", dict(enums.SchoolKind.choices)),
    ],
    file_fields=[
        Field("source_id", _("来源编号"), "source_id"),
        Field("source", _("数据来源"), "source"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
)

PANDA_LANES = Layer(
    name="panda-lanes",
    title=pgettext_lazy("plural", "“熊猫”通道"),
    rows=lambda audience, on: PandaLane.objects.visible_to(audience, on=on),
    geometry="line",
    models=[PandaLane, School, Road, Assignment, MemberAssignment],
    route="panda-lane",
    heading="school",
    search=["school__name"],
    style=Style(
        shape="line",
        colour="panda",
        glyph=pgettext_lazy("sign", "熊"),
        line=Line(
            width=Size(3, 0.45),
            ground=Ground(2, most=Size(12, 1.2)),
            casing=Casing("halo", Size(2, 0.2)),
            stripes=Stripes("halo", share=0.55, dash=(1.5, 1.5)),
            focus=0,
        ),
    ),
    rank=60,
    listing=Listing(empty=_("这里列出学校旁的“熊猫”通道。"), beside=SCHOOLS.name),
    page=Page(template="desk/lane.html", about="gridmgr.desk.places.about_lane", related=["road", "school"]),
    of_branch=on_sections_of,
    of_road=on_road,
    fields=[
        Field("school", _("学校"), "school__name"),
        *on_road_fields(),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[Field("school_id", _("学校来源编号"), "school__source_id")],
)

DROP_OFF_POINTS = Layer(
    name="drop-off-points",
    title=pgettext_lazy("plural", "上下学接送点"),
    rows=lambda audience, on: DropOffPoint.objects.visible_to(audience, on=on),
    geometry="area",
    models=[DropOffPoint, DropOffHours, School, Road, Assignment, MemberAssignment],
    route="drop-off-point",
    key="code",
    heading="code",
    search=["code", "school__name"],
    style=Style(shape="area", colour="drop_off", glyph=pgettext_lazy("sign", "接"), marker_zoom=14),
    printed=Print(beside="hours"),
    rank=50,
    listing=Listing(empty=_("这里列出上下学接送点及其开放时段。"), left_out=["side"], beside=SCHOOLS.name),
    page=Page(
        "<path:key>",
        template="desk/drop_off.html",
        about="gridmgr.desk.places.about_point",
        rows=lambda audience, on: DropOffPoint.objects.visible_to(audience, on=on).prefetch_related("hours"),
        related=["road", "school", "gate"],
    ),
    found=Finding(
        title="code", word=_("上下学接送点"), subtitle="school__name", holds=["code", "school__name"]
    ),
    of_branch=on_sections_of,
    of_road=on_road,
    fields=[
        Field("code", _("编号"), "code"),
        Field("school", _("服务学校"), "school__name"),
        Field("hours", _("上学日时段"), _hours()),
        Field("capacity", _("可停车位"), "capacity", "number"),
        *on_road_fields(),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[
        Field("school_id", _("学校来源编号"), "school__source_id"),
        Field("gate", _("服务校门"), "gate__name"),
    ],
)

# Thin, since they stand in their thousands; two stops at one zoom are a step.
_BAY_EDGE = Size(Ramp([(18, 0.7), (18, 1.4)]), Ramp([(14, 0.1), (14, 0.07)]))

BAYS = Layer(
    name="bays",
    title=pgettext_lazy("plural", "停车泊位"),
    rows=lambda audience, on: Bay.objects.standing().visible_to(audience, on=on),
    geometry="area",
    clustered_below=15,
    tiny=True,
    undrawn=[enums.BayState.REMOVED],
    models=[Bay, Road, Assignment, MemberAssignment],
    route="bay",
    key="number",
    heading="number",
    search=["number"],
    style=Style(
        shape="area",
        colour="bay",
        whole=("state", (enums.IN_USE,)),
        body=Body("bay_fill", opacity=1, width=_BAY_EDGE, focus=4),
        outline=Body("halo", opacity=1, width=_BAY_EDGE, focus=4),
        letter=Letter(
            "kind",
            {"large": pgettext_lazy("bay", "大"), "accessible": "♿", "charging": pgettext_lazy("bay", "充")},
            other="P",
        ),
    ),
    part=Part.BOXES,
    rank=70,
    listing=Listing(
        empty=_("这里列出路面停车泊位。"),
        zoom=19,
        menu=_("泊位"),
        place=70,
        plain=Q(kind=enums.BayKind.SMALL, state=enums.IN_USE),
    ),
    page=Page(
        "<path:key>",
        template="desk/bay.html",
        about="gridmgr.desk.places.about_bay",
        rows=lambda audience, on: Bay.objects.visible_to(audience, on=on),
        related=["road"],
    ),
    found=Finding(
        title="number",
        word=_("停车泊位"),
        subtitle=lambda on: and_unless("kind", Q(state=enums.IN_USE), F("state")),
        exact=["number"],
        choices=[*enums.BayKind.choices, *enums.BayState.choices],
    ),
    of_branch=on_sections_of,
    of_road=on_road,
    fields=[
        Field("number", _("编号"), "number"),
        Field("kind", _("类型"), "kind", "choice", dict(enums.BayKind.choices)),
        Field("state", _("状态"), "state", "choice", dict(enums.BayState.choices)),
        *on_road_fields(),
        Field("opens", _("每日开始"), "opens", "time"),
        Field("closes", _("每日结束"), "closes", "time"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
)

"""The layers of roads, sections and branches, and of the basemap behind them."""

from datetime import date
from typing import Any

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat, Least
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.functions import LineSubstring, RangeLower, RangeUpper
from gridmgr.core.layers.base import Field, Layer, last_day
from gridmgr.core.layers.declared import Finding, Listing, Page, Part, Print
from gridmgr.core.layers.style import (
    Body,
    Casing,
    Ground,
    Label,
    Line,
    Name,
    Names,
    Others,
    Ramp,
    Size,
    Style,
)
from grids import enums
from grids.models import Assignment, Backdrop, Branch, Carriageway, Facility, Member, MemberAssignment, Road


def stretch_fields() -> list[Field]:
    """From which metre to which: the fields that all that stands on a road has."""
    return [
        Field("from_m", _("起点里程"), RangeLower("stretch"), kind="metres"),
        Field("to_m", _("终点里程"), RangeUpper("stretch"), kind="metres"),
    ]


def on_sections_of(rows: Any, branch: Branch, on: date) -> QuerySet[Any]:
    """What of the rows stands on the branch's sections."""
    found: QuerySet[Any] = rows.on_sections_of(branch, on=on)
    return found


def on_road(road: Road) -> Q:
    """What stands on a road."""
    return Q(road=road)


def _section_rows(audience: Audience, on: date) -> QuerySet[Any]:
    length = F("road__length_m")
    return (
        Assignment.objects.on_day(on)
        .visible_to(audience, on=on)
        .annotate(
            line=LineSubstring(
                F("road__reference_line"),
                RangeLower("stretch") / length,
                _at_most_one(RangeUpper("stretch") / length),
            )
        )
    )


def _at_most_one(share: Any) -> Any:
    return Least(share, Value(1.0))


def _secretary() -> Any:
    """The name of a branch's serving secretary."""
    serving = Member.objects.serving().filter(branch=OuterRef("pk"), role=enums.MemberRole.SECRETARY)
    return Subquery(serving.values("name")[:1])


def _seen_by_all(queryset: QuerySet[Any]) -> Any:
    def rows(audience: Audience, on: date) -> QuerySet[Any]:
        return queryset.all()

    return rows


# As wide as OpenStreetMap's class says, and as the road really is where the scale allows: pixels at zoom 13 ("motorway" 4) are
# millimetres at 1:25,000 (1.5).
STREET = Line(
    width=Size(
        Ramp([(8, 0.22301), (17, 3.32151)], base=1.35), Ramp([(12.939, 0.1588), (14.1905, 0.378)], base=2)
    ),
    by="highway",
    times={
        "motorway": 4,
        "trunk": 4,
        "primary": 3.4,
        "secondary": 2.8,
        "tertiary": 2,
        "unclassified": 1.3,
        "residential": 1.1,
        "living_street": 1,
        "service": 0.7,
    },
    narrowed=("link", 0.6),
    ground=Ground("width_m", from_zoom=16),
    casing=Casing("road_casing", Size(1.4, 0.16)),
)
RIBBON = Line(
    width=Size(Ramp([(9.5, 3), (17.8333, 8)]), 0.95),
    casing=Casing("halo", Size(2, 0.5)),
    others=Others("branch", Size(0.7, 0.75), opacity=0.4),
    focus=4,
)
_AT_ONCE = Size(13.5, 0)
ROAD_NAMES = Names(
    by="class",
    kinds={
        enums.RoadClass.EXPRESSWAY: Name(Size(12, 6.8), (True, True), _AT_ONCE),
        enums.RoadClass.ARTERIAL: Name(Size(12, 6.8), (True, True), _AT_ONCE),
        enums.RoadClass.SECONDARY: Name(Size(12, 6.2), (True, False), _AT_ONCE),
        enums.RoadClass.LOCAL: Name(Size(11, 5.2), (False, False), Size(15.5, 14.6)),
    },
)

ROADS = Layer(
    name="roads",
    title=pgettext_lazy("plural", "道路"),
    rows=lambda audience, on: Road.objects.visible_to(audience, on=on),
    geometry="reference_line",
    models=[Road, Assignment, MemberAssignment],
    route="road",
    search=["name", "name_en"],
    style=Style(shape="line", colour="road", names=ROAD_NAMES),
    part=Part.NAMES,
    rank=10,
    listing=Listing(
        empty=_("这里列出城市的道路。"),
        how_to_add=_("请用命令 import_roads 从路网文件导入。"),
        left_out=["width_origin"],
        zoom=15,
        place=30,
        tabs=[("gaps", _("无人负责的路段"))],
    ),
    page=Page("<int:pk>", view="gridmgr.desk.road.road"),
    found=Finding(
        title="name",
        word=_("道路"),
        subtitle="road_class",
        holds=["name", "name_en"],
        choices=enums.RoadClass.choices,
    ),
    of_branch=lambda rows, branch, on: rows.assigned_to(branch, on=on),
    fields=[
        Field("name", _("名称"), "name"),
        Field("name_en", _("英文名称"), "name_en"),
        Field("class", _("等级"), "road_class", "choice", dict(enums.RoadClass.choices)),
        Field("kind", _("车行道形式"), "carriageway_kind", "choice", dict(enums.CarriagewayKind.choices)),
        Field("length_m", _("长度"), "length_m", "metres"),
        Field("width_m", _("宽度"), "width_m", "metres"),
        Field("width_origin", _("宽度来源"), "width_origin", "choice", dict(enums.WidthOrigin.choices)),
    ],
)

SECTIONS = Layer(
    name="sections",
    title=pgettext_lazy("plural", "责任路段"),
    rows=_section_rows,
    geometry="line",
    cover="road__reference_line",
    models=[Assignment, Road, Branch, MemberAssignment],
    route="section",
    heading="road",
    style=Style(shape="line", colour="branch", line=RIBBON, label=Label("branch", badge=True)),
    part=Part.ANSWERS,
    rank=15,
    listing=Listing(empty=_("这里列出各支部包干的路段。"), own_first=True, zoom=16, beside=ROADS.name),
    page=Page("<int:pk>", view="gridmgr.desk.section.section"),
    of_branch=lambda rows, branch, on: rows.filter(branch=branch),
    of_road=on_road,
    fields=[
        Field("road", _("道路"), "road__name"),
        Field("branch", _("支部编号"), "branch__code"),
        Field("branch_name", _("支部"), "branch__name"),
        Field("colour", _("颜色"), "branch__colour", "number"),
        *stretch_fields(),
        Field("since", _("起始日期"), "period__startswith", "date"),
        Field("until", _("最后一天"), last_day("period"), "date"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[Field("note", _("备注"), "note")],
)

BRANCHES = Layer(
    name="branches",
    title=pgettext_lazy("plural", "网格支部"),
    rows=lambda audience, on: Branch.objects.visible_to(audience, on=on),
    geometry="area",
    models=[Branch, Member],
    route="branch",
    key="code",
    search=["code", "name", "name_en"],
    style=Style(
        shape="area",
        colour="branch",
        body=Body(width=Size(1.5, 0.22), focus=4.5),
        label=Label("name"),
    ),
    part=Part.GRIDS,
    rank=20,
    off_at_first=True,
    listing=Listing(
        empty=_("这里列出网格支部及其网格。"),
        sorted_by="code",
        zoom=14,
        menu=pgettext_lazy("plural", "支部"),
        place=20,
    ),
    page=Page("<branch_code:code>", view="gridmgr.desk.branch.branch"),
    found=Finding(
        title=Concat("code", Value(" "), "name", output_field=CharField()),
        word=_("网格支部"),
        holds=["name", "code", "name_en"],
    ),
    of_branch=lambda rows, branch, on: rows.filter(pk=branch.pk),
    fields=[
        Field("code", _("编号"), "code"),
        Field("name", _("名称"), "name"),
        Field("colour", _("颜色"), "colour", "number"),
        Field("founded", _("成立日期"), "founded", "date"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[Field("name_en", _("英文名称"), "name_en"), Field("secretary", _("支部书记"), _secretary())],
)

CARRIAGEWAYS = Layer(
    name="carriageways",
    title=pgettext_lazy("plural", "底图道路"),
    rows=_seen_by_all(Carriageway.objects.all()),
    geometry="line",
    models=[Carriageway],
    style=Style(shape="line", colour="road", line=STREET),
    part=Part.STREETS,
    fields=[
        Field("name", _("名称"), "name"),
        Field("highway", _("来源等级"), "highway"),
        Field("link", _("匝道"), "is_link", "bool"),
        Field("width_m", _("宽度"), "width_m", "metres"),
    ],
)


def _backdrop(
    kind: enums.BackdropKind, name: str, title: Any, colour: str, *, rank: int, ink: str = ""
) -> Layer:
    return Layer(
        name=name,
        title=title,
        rows=_seen_by_all(Backdrop.objects.filter(kind=kind)),
        geometry="area",
        models=[Backdrop],
        style=Style(
            shape="area",
            colour=colour,
            body=Body(opacity=1, width=None),
            label=Label("name", ink="ground_name"),
        ),
        part=Part.GROUND,
        printed=Print(ink=ink),
        rank=rank,
        fields=[Field("name", _("名称"), "name")],
    )


WATER = _backdrop(enums.BackdropKind.WATER, "water", _("水域"), "river", rank=1, ink="#4f7488")
PARKS = _backdrop(enums.BackdropKind.PARK, "parks", _("公园绿地"), "park", rank=2, ink="#5a7a4c")
MARKETS = _backdrop(enums.BackdropKind.MARKET, "markets", _("市场商场"), "market", rank=3)


def _facilities(kind: enums.FacilityKind, name: str, title: Any, style: Style) -> Layer:
    """A layer of what placement rules measure to."""
    width = [Field("width_m", _("宽度"), "width_m", "metres")] if kind == enums.FacilityKind.FOOTWAY else []
    return Layer(
        name=name,
        title=title,
        rows=_seen_by_all(Facility.objects.filter(kind=kind)),
        geometry="shape",
        models=[Facility],
        style=style,
        fields=[
            Field("source_id", _("来源编号"), "source_id"),
            Field("name", _("名称"), "name"),
            *width,
            Field("source", _("数据来源"), "source"),
            Field("demo", _("演示数据"), "is_demo", "bool"),
        ],
    )


def _mark(colour: str, glyph: Any, *, min_zoom: float = 0, hatched: bool = False) -> Style:
    """An area with its own character: seven colours of facilities are too many to go by colour alone."""
    body = Body(width=Size(1.5, 0.13), hatched=hatched, focus=4.5)
    return Style(shape="area", colour=colour, body=body, glyph=glyph, painted=True, min_zoom=min_zoom)


def _spot(colour: str, glyph: Any, *, min_zoom: float) -> Style:
    return Style(shape="marker", colour=colour, glyph=glyph, painted=True, min_zoom=min_zoom)


_KIND = enums.FacilityKind
FOOTWAYS = _facilities(
    _KIND.FOOTWAY,
    "footways",
    pgettext_lazy("plural", "人行道"),
    Style(shape="line", colour="footway", min_zoom=14),
)
NO_VENDING_AREAS = _facilities(
    _KIND.NO_VENDING,
    "no-vending-areas",
    pgettext_lazy("plural", "禁摆区域"),
    # Ground that is barred is hatched, so that no other area looks like it on any screen.
    _mark("no_vending", pgettext_lazy("sign", "禁"), hatched=True),
)
JUNCTIONS = _facilities(
    _KIND.JUNCTION,
    "junctions",
    pgettext_lazy("plural", "路口"),
    _mark("junction", pgettext_lazy("sign", "口"), min_zoom=13),
)
CROSSINGS = _facilities(
    _KIND.CROSSING,
    "crossings",
    pgettext_lazy("plural", "人行横道"),
    _mark("crossing", pgettext_lazy("sign", "横"), min_zoom=15),
)
FIRE_LANES = _facilities(
    _KIND.FIRE_LANE,
    "fire-lanes",
    pgettext_lazy("plural", "消防通道"),
    _mark("fire", pgettext_lazy("sign", "通"), min_zoom=14),
)
FIRE_STATIONS = _facilities(
    _KIND.FIRE_STATION,
    "fire-stations",
    pgettext_lazy("plural", "消防站"),
    _mark("fire", pgettext_lazy("sign", "消")),
)
FUEL_STATIONS = _facilities(
    _KIND.FUEL_STATION,
    "fuel-stations",
    pgettext_lazy("plural", "加油站"),
    _mark("fuel", pgettext_lazy("sign", "油")),
)
HYDRANTS = _facilities(
    _KIND.HYDRANT,
    "hydrants",
    pgettext_lazy("plural", "消防栓"),
    _spot("fire", pgettext_lazy("sign", "栓"), min_zoom=15),
)
BUS_STOPS = _facilities(
    _KIND.BUS_STOP,
    "bus-stops",
    pgettext_lazy("plural", "公交站"),
    _spot("bus", pgettext_lazy("sign", "车"), min_zoom=14),
)

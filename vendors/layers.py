"""The layers of vendor sites and their pitches."""

from django.db.models import Case, CharField, F, Q, TextField, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.layers.base import Field, Layer, last_day
from gridmgr.core.layers.declared import Finding, Listing, Page, Part, and_unless
from gridmgr.core.layers.style import Body, Letter, Size, Style
from grids.layers import on_road, on_sections_of
from grids.models import Assignment, MemberAssignment, Road
from parking.layers import on_road_fields
from vendors import enums
from vendors.models import Allocation, Pitch, PlacementRule, RuleProfile, Site, SiteCheck
from vendors.querysets import ruled_on
from vendors.status import IN_USE, SiteStatus, in_use, status_on

SITES = Layer(
    name="sites",
    title=pgettext_lazy("plural", "摊点与瓜果市场"),
    rows=lambda audience, on: Site.objects.standing().visible_to(audience, on=on).with_pitches(on=on),
    geometry="area",
    models=[Site, Pitch, Allocation, Road, Assignment, MemberAssignment],
    route="site",
    key="code",
    undrawn=[SiteStatus.CLOSED],
    search=["code", "name", "name_en"],
    style=Style(
        shape="area",
        colour="site",
        glyph=pgettext_lazy("sign", "摊"),
        by="kind",
        glyphs={
            "stall": (pgettext_lazy("sign", "摊"), "site"),
            "market": (pgettext_lazy("sign", "果"), "market_site"),
        },
        whole=("status", (IN_USE,)),
    ),
    rank=30,
    listing=Listing(
        empty=_("这里列出便民摊点和临时瓜果市场。"),
        left_out=["state", "capacity", "taken", "side", "sign_board", "bins"],
        menu=pgettext_lazy("plural", "摊点"),
        place=40,
        renamed={"state": "status"},
    ),
    page=Page(
        "<place_code:key>",
        template="desk/site.html",
        about="gridmgr.desk.places.about_site",
        rows=lambda audience, on: Site.objects.readable_by(audience, on=on).with_pitches(on=on),
        related=["road"],
    ),
    found=Finding(
        title="name",
        word=_("摊点与瓜果市场"),
        subtitle=lambda on: and_unless("kind", in_use(on), status_on(on)),
        holds=["name", "code", "name_en"],
        choices=[*enums.SiteKind.choices, *SiteStatus.choices],
        says_kind=False,
        rows=lambda audience, on: Site.objects.standing().visible_to(audience, on=on),
    ),
    of_branch=on_sections_of,
    of_road=on_road,
    fields=[
        Field("code", _("编号"), "code"),
        Field("name", _("名称"), "name"),
        Field("kind", _("类别"), "kind", "choice", dict(enums.SiteKind.choices)),
        Field("state", _("状态"), "state", "choice", dict(enums.SiteState.choices)),
        Field("status", _("当日状态"), "status", "choice", dict(SiteStatus.choices)),
        Field("capacity", _("可容纳商贩"), "capacity", "number"),
        Field("pitches", _("摊位数"), "pitches_n", "number"),
        Field("taken", _("已占用"), "taken_n", "number"),
        Field("free", _("空位"), "free_n", "number"),
        *on_road_fields(),
        Field("opens", _("每日开始"), "opens", "time"),
        Field("closes", _("每日结束"), "closes", "time"),
        Field("season_from", _("季节开始"), "season__startswith", "date"),
        Field("season_to", _("季节最后一天"), last_day("season"), "date"),
        Field("sign_board", _("标示牌"), "sign_board", "bool"),
        Field("bins", _("垃圾容器"), "bins", "number"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[
        Field("name_en", _("英文名称"), "name_en"),
        Field("proposed_by", _("提出人"), "proposed_by__username"),
        Field("approved_by", _("批准人"), "approved_by__username"),
        Field("approved_at", _("批准时间"), "approved_at"),
    ],
)

PITCHES = Layer(
    name="pitches",
    title=pgettext_lazy("plural", "摊位"),
    rows=lambda audience, on: (
        Pitch.objects.exclude(site__state="closed").visible_to(audience, on=on).with_taken(on=on)
    ),
    geometry="area",
    models=[Pitch, Site, Allocation, Assignment, MemberAssignment],
    route="pitch",
    undrawn=[SiteStatus.CLOSED],
    heading="number",
    style=Style(
        shape="area",
        colour="pitch_taken",
        min_zoom=17,
        whole=("site_status", (IN_USE,)),
        body=Body(
            opacity=1,
            edge="ink",
            width=Size(1, 0.12),
            by="taken",
            fills={True: ("pitch_taken", "halo"), False: ("pitch_free", "ink")},
        ),
        outline=Body(opacity=0, edge="ink", width=Size(0.7, 0.1), dash=(3, 3), ink="ink"),
        letter=Letter("number"),
    ),
    part=Part.SEATS,
    listing=Listing(
        empty=_("这里列出各摊点的摊位及其占用情况。"),
        left_out=["site_code"],
        sorted_by="site",
        zoom=19,
        beside=SITES.name,
    ),
    page=Page(
        template="desk/pitch.html",
        about="gridmgr.desk.places.about_pitch",
        rows=lambda audience, on: Pitch.objects.visible_to(audience, on=on).with_taken(on=on),
        related=["site", "site__road"],
    ),
    of_branch=lambda rows, branch, on: rows.filter(site__in=Site.objects.on_sections_of(branch, on=on)),
    of_road=lambda road: Q(site__road=road),
    fields=[
        Field("number", _("摊位号"), "number"),
        Field("site", _("摊点"), "site__name"),
        Field("site_code", _("摊点编号"), "site__code"),
        Field("site_status", _("摊点当日状态"), "site_status", "choice", dict(SiteStatus.choices)),
        Field("taken", _("已占用"), "taken", "bool"),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
)

VERDICTS = Layer(
    name="verdicts",
    title=pgettext_lazy("plural", "选址检查"),
    rows=lambda audience, on: (
        Site.objects.standing()
        .visible_to(audience, on=on)
        .annotate(
            status=status_on(on),
            result=Case(
                When(ruled_on(on), then=Coalesce(F("last_check__result"), Value("unchecked"))),
                default=Value(enums.CheckResult.UNRULED.value),
                output_field=CharField(),
            ),
            broken=Coalesce(Cast("last_check__findings", TextField()), Value(""), output_field=TextField()),
        )
    ),
    geometry="area",
    models=[Site, SiteCheck, RuleProfile, PlacementRule, Road, Assignment, MemberAssignment],
    route="site",
    key="code",
    style=Style(
        shape="area",
        colour="unassigned",
        glyph="?",
        by="result",
        glyphs={
            enums.CheckResult.HARD: ("✕", "barred"),
            enums.CheckResult.OVERRIDDEN: ("※", "warned"),
            enums.CheckResult.ADVISORY: ("!", "warned"),
            enums.CheckResult.GOOD: ("✓", "free"),
            enums.CheckResult.UNRULED: (pgettext_lazy("sign", "规"), "unassigned"),
            "unchecked": ("?", "unassigned"),
        },
    ),
    fields=[
        Field("code", _("编号"), "code"),
        Field("name", _("名称"), "name"),
        Field("kind", _("类别"), "kind", "choice", dict(enums.SiteKind.choices)),
        Field("status", _("当日状态"), "status", "choice", dict(SiteStatus.choices)),
        Field(
            "result",
            _("检查结果"),
            "result",
            "choice",
            {**dict(enums.CheckResult.choices), "unchecked": _("未检查")},
        ),
        Field("rules_of", _("规则日期"), "last_check__rules_of", "date"),
        *on_road_fields(),
        Field("demo", _("演示数据"), "is_demo", "bool"),
    ],
    file_fields=[Field("broken", _("冲突"), "broken")],
)

"""The default placement rules with their source clauses: what a new city starts with, for it to confirm or edit.

Distances are metres to the edge of the place. Figures taken second-hand say 待核实 in their clause: they are defaults,
never hard law.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.accounts.models import User
from vendors.enums import AppliesTo, Check, Severity, Target
from vendors.models import PlacementRule, RuleProfile

NAME = "默认规则集"
DEMO_NAME = "演示规则集"
VALID_FROM = date(2020, 1, 1)


@dataclass(frozen=True)
class Default:
    """One rule of the default profile; `amount` in metres or square metres, None where the check needs no figure."""

    code: str
    applies_to: AppliesTo
    check: Check
    target: Target
    amount: float | None
    severity: Severity
    clause: str
    clause_en: str


_ART_63 = "参照《道路交通安全法实施条例》第六十三条(三),流动售货车辆同样适用"
_ART_63_EN = (
    "After the Implementing Regulations of the Road Traffic Safety Law, art. 63 (3); street-vehicle vending"
)

DEFAULTS = (
    Default(
        "school-gate",
        AppliesTo.SITE,
        Check.DISTANCE,
        Target.SCHOOL_GATE,
        100.0,
        Severity.HARD,
        "西安、合肥地方规定 100 m;另有城市规定 50 m(重庆)或 200 m(安徽,食品)(待核实,默认)",
        "Local rules of Xi'an and Hefei: 100 m; others 50 m (Chongqing) or 200 m (Anhui, food) [to be confirmed, default]",
    ),
    Default(
        "junction",
        AppliesTo.SITE,
        Check.DISTANCE,
        Target.JUNCTION,
        20.0,
        Severity.HARD,
        "蚌埠 2024 规定 20 m;另有规定对集市要求 50 m(待核实,默认)",
        "Bengbu 2024: 20 m; another regulation says 50 m for markets [to be confirmed, default]",
    ),
    *(
        Default(code, AppliesTo.SITE, Check.DISTANCE, target, 30.0, Severity.HARD, _ART_63, _ART_63_EN)
        for code, target in (
            ("bus-stop", Target.BUS_STOP),
            ("hydrant", Target.HYDRANT),
            ("fire-station", Target.FIRE_STATION),
            ("fuel-station", Target.FUEL_STATION),
        )
    ),
    Default(
        "main-carriageway",
        AppliesTo.MARKET,
        Check.OFF,
        Target.CARRIAGEWAY,
        None,
        Severity.ADVISORY,
        "地方条例第四十八条:不占主次干路车行道(待核实);巢湖允许使用其人行道",
        "Local regulation art. 48: off the main carriageway of arterial and secondary roads [to be confirmed]; "
        "Chaohu allows their pavements",
    ),
    Default(
        "footway-clear",
        AppliesTo.STALL,
        Check.CLEAR_WIDTH,
        Target.FOOTWAY,
        3.0,
        Severity.ADVISORY,
        "较早的地方规定:旁边留出 3 m 宽的人行道(待核实)",
        "Older local regulation: a footway 3 m wide is left clear beside it [to be confirmed]",
    ),
    Default(
        "pitch-area",
        AppliesTo.PITCH,
        Check.AREA_MAX,
        Target.ITSELF,
        2.0,
        Severity.ADVISORY,
        "合肥:小型摊位不超过 2 m²(待核实)",
        "Hefei: small stalls, 2 m² at most [to be confirmed]",
    ),
    Default(
        "board-and-bins",
        AppliesTo.SITE,
        Check.EQUIPPED,
        Target.ITSELF,
        None,
        Severity.HARD,
        "开放前须有标示牌和垃圾容器(蚌埠 2024)",
        "Sign board and waste bin, both before it opens (Bengbu 2024)",
    ),
    Default(
        "one-kerb-one-use",
        AppliesTo.SITE,
        Check.FREE_KERB,
        Target.KERB_USE,
        None,
        Severity.HARD,
        "同一路缘同一时段只作一种用途",
        "One kerb, one use at a time",
    ),
    # What no vendor clause names and a city surely keeps clear: defaults of ours.
    Default(
        "fire-lane",
        AppliesTo.SITE,
        Check.OFF,
        Target.FIRE_LANE,
        None,
        Severity.HARD,
        "《消防法》第二十八条:不得占用消防车通道(待核实,默认)",
        "Fire Protection Law art. 28: fire lanes are kept clear [to be confirmed, default]",
    ),
    Default(
        "no-vending-area",
        AppliesTo.SITE,
        Check.OFF,
        Target.NO_VENDING,
        None,
        Severity.HARD,
        "城市划定的禁摆区域(默认)",
        "Areas in which the city allows no vending [default]",
    ),
    Default(
        "crossing",
        AppliesTo.SITE,
        Check.OFF,
        Target.CROSSING,
        None,
        Severity.HARD,
        "参照《道路交通安全法实施条例》第六十三条(一):不占人行横道(待核实,默认)",
        "After the Implementing Regulations of the Road Traffic Safety Law, art. 63 (1): off pedestrian crossings "
        "[to be confirmed, default]",
    ),
    Default(
        "off-carriageway",
        AppliesTo.SITE,
        Check.OFF,
        Target.ROADWAY,
        None,
        Severity.HARD,
        "《道路交通安全法》第三十一条:未经许可不得占用道路从事非交通活动;匝道和无名道路同样不占(默认)",
        "Road Traffic Safety Law art. 31: roads are not taken for other than traffic without leave; slip roads and unnamed "
        "ways alike [default]",
    ),
    Default(
        "bridge-tunnel",
        AppliesTo.SITE,
        Check.DISTANCE,
        Target.STRUCTURE,
        5.0,
        Severity.HARD,
        "参照《道路交通安全法实施条例》第六十三条(二):不设在隧道内、桥上、桥下(5 m 为默认值)",
        "After the Implementing Regulations of the Road Traffic Safety Law, art. 63 (2): not in a tunnel, not on or under a "
        "bridge [5 m: default]",
    ),
)


def install_default_profile() -> RuleProfile:
    """The default rules as the city's own, in use, each marked until somebody confirms it.

    A city that has a profile in use keeps it, and that is returned: nobody's rules are overwritten.
    """
    with transaction.atomic():
        found = RuleProfile.objects.filter(in_use=True).first()
        return found or _installed(str(NAME), is_demo=False)


def install_demo_profile() -> RuleProfile:
    """The rules of the demo city: the city's own when it has some in use, else the defaults, which go with the demo."""
    with transaction.atomic():
        found = RuleProfile.objects.filter(in_use=True).first()
        return found or _installed(str(DEMO_NAME), is_demo=True)


def _installed(name: str, *, is_demo: bool) -> RuleProfile:
    """The profile of that name, put into use; made of the defaults when it isn't there."""
    profile, made = RuleProfile.objects.get_or_create(
        name=name, defaults={"is_demo": is_demo, "in_use": True}
    )
    if made:
        PlacementRule.objects.bulk_create(_rule(default, profile) for default in DEFAULTS)
    elif not profile.in_use:
        profile.in_use = True
        profile.save(update_fields=["in_use"])
    return profile


def confirm(rules: "QuerySet[PlacementRule]", *, by: User) -> int:
    """Somebody of the city stands for these rules as they are; returns how many were waiting for it."""
    waiting = rules.filter(is_default=True, confirmed_at=None)
    return waiting.update(confirmed_by=by, confirmed_at=timezone.now())


def _rule(default: Default, profile: RuleProfile) -> PlacementRule:
    return PlacementRule(
        profile=profile,
        code=default.code,
        applies_to=default.applies_to,
        check_kind=default.check,
        target=default.target,
        amount=default.amount,
        severity=default.severity,
        clause=default.clause,
        clause_en=default.clause_en,
        valid=DateRange(VALID_FROM, None, "[)"),
        is_default=True,
    )

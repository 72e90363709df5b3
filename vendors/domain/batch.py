"""All standing sites judged in one go: a fixed number of statements, however many sites and facilities."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db import transaction
from shapely import Polygon

from vendors.domain.place import Place
from vendors.domain.siting import Verdict, covered, judge, ruled, rules_of
from vendors.enums import CheckResult, SiteKind
from vendors.models import Override, Pitch, Site, SiteCheck

BATCH = 2000


@dataclass(frozen=True)
class Checked:
    """A site with the rules it breaks, and which of these an override covers."""

    site: Site
    broken: Sequence[Verdict]
    overridden: frozenset[str]
    ruled: bool = True

    @property
    def result(self) -> CheckResult:
        """The worst that was found; without a rule that speaks of it nothing was."""
        if not self.ruled:
            return CheckResult.UNRULED
        hard = [verdict.rule.code for verdict in self.broken if verdict.is_hard]
        if any(code not in self.overridden for code in hard):
            return CheckResult.HARD
        if hard:
            return CheckResult.OVERRIDDEN
        return CheckResult.ADVISORY if self.broken else CheckResult.GOOD

    def findings(self) -> list[dict[str, Any]]:
        """The broken rules as plain values."""
        return [
            {
                "code": verdict.rule.code,
                "severity": verdict.severity,
                "found": None if verdict.found is None else round(verdict.found, 2),
                "required": verdict.required,
                "culprit": verdict.culprit.label if verdict.culprit else "",
                "overridden": verdict.rule.code in self.overridden,
            }
            for verdict in self.broken
        ]


def check_places(*, on: date) -> list[Checked]:
    """Every standing site with what it breaks of the rules of the day `on`, in order of code. Seven statements at most."""
    sites = list(
        Site.objects.standing()
        .select_related("road")
        .defer("road__reference_line", "road__ways_left_out")
        .order_by("code")
    )
    pitches, overrides = _pitches_by_site(), _overrides_by_site()
    places = [Place.of(site, pitches=pitches[site.pk]) for site in sites]
    judged = judge(places, on=on, rules=rules_of(on))
    return [
        _checked(site, verdicts, overrides[site.pk]) for site, verdicts in zip(sites, judged, strict=True)
    ]


def _pitches_by_site() -> Mapping[int, list[tuple[str, Polygon]]]:
    """Number and area of every standing site's pitches, in order."""
    rows = Pitch.objects.filter(site__in=Site.objects.standing()).order_by("site", "number")
    columns = list(rows.values_list("site", "number", AsWKB("area")))
    found = defaultdict(list)
    areas = shapely.from_wkb([bytes(wkb) for _site, _number, wkb in columns])
    for (site, number, _wkb), area in zip(columns, areas, strict=True):
        found[site].append((number, area))
    return found


def _overrides_by_site() -> Mapping[int, list[Override]]:
    found = defaultdict(list)
    for override in Override.objects.filter(site__in=Site.objects.standing()):
        found[override.site_id].append(override)
    return found


def _checked(site: Site, verdicts: Sequence[Verdict], overrides: Sequence[Override]) -> Checked:
    broken = [verdict for verdict in verdicts if verdict.broken]
    excused = frozenset(
        verdict.rule.code for verdict in broken if verdict.is_hard and covered(verdict, overrides)
    )
    return Checked(site, broken, excused, ruled=bool(verdicts))


def unruled_kinds(*, on: date) -> list[SiteKind]:
    """The kinds of sites of which no rule of that day speaks."""
    rules = rules_of(on)
    return [kind for kind in SiteKind if not ruled(kind, rules)]


@transaction.atomic
def keep(checked: Sequence[Checked], *, on: date) -> None:
    """Writes the results where the map layer `verdicts` reads them, in place of those of the last check.

    A site's row stays its own, so that the history says what was found on which day.
    """
    SiteCheck.objects.exclude(site__in=[each.site.pk for each in checked]).delete()
    SiteCheck.objects.bulk_create(
        [
            SiteCheck(site=each.site, result=each.result, findings=each.findings(), rules_of=on)
            for each in checked
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["site"],
        update_fields=["result", "findings", "rules_of"],
    )

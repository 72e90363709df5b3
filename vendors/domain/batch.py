"""All standing sites judged in one go: a fixed number of statements, however many sites and facilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from vendors.domain.place import Place
from vendors.domain.siting import Verdict, covered, judge, rules_of
from vendors.enums import CheckResult
from vendors.models import Site, SiteCheck

BATCH = 2000


@dataclass(frozen=True)
class Checked:
    """A site with the rules it breaks, and which of these an override covers."""

    site: Site
    broken: Sequence[Verdict]
    overridden: frozenset[str]

    @property
    def result(self) -> CheckResult:
        """The worst that was found."""
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
        .prefetch_related("pitches", "overrides")
        .order_by("code")
    )
    judged = judge([Place.of(site) for site in sites], on=on, rules=rules_of(on))
    return [_checked(site, verdicts) for site, verdicts in zip(sites, judged, strict=True)]


def _checked(site: Site, verdicts: Sequence[Verdict]) -> Checked:
    broken = [verdict for verdict in verdicts if verdict.broken]
    overrides = list(site.overrides.all())
    excused = frozenset(
        verdict.rule.code for verdict in broken if verdict.is_hard and covered(verdict, overrides)
    )
    return Checked(site, broken, excused)


@transaction.atomic
def keep(checked: Sequence[Checked], *, on: date) -> None:
    """Writes the results where the map layer `verdicts` reads them, in place of those of the last check."""
    SiteCheck.objects.all().delete()
    SiteCheck.objects.bulk_create(
        [
            SiteCheck(site=each.site, result=each.result, findings=each.findings(), rules_of=on)
            for each in checked
        ],
        batch_size=BATCH,
    )

"""What a rule says of a place: holds, broken, due or unknown, the metres found and required, and the culprit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import shapely
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from shapely import LineString

from vendors.domain.siting.words import sentence
from vendors.enums import Severity
from vendors.models import Override, PlacementRule


class Judgement(StrEnum):
    """What a rule says of a place. DUE: must be done before the place opens. UNKNOWN: there are no data to judge by."""

    HOLDS = "holds"
    BROKEN = "broken"
    DUE = "due"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Culprit:
    """What breaks a rule or is nearest to breaking it: label, page ('' when it has none), shape in metres.

    `gap` is the shortest line from the place to it, None where they meet; `more` is how many others break the rule too.
    """

    label: str
    link: str
    geometry: shapely.Geometry | None
    gap: LineString | None = None
    more: int = 0


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one place. `found` and `required` are in metres, or square metres for areas.

    `found` is None when nothing lies within `searched` metres, or when the rule has no figure; `missing` are words.
    `to_measure`: it rests on a carriageway's usual width, and a measured one may turn it round.
    """

    rule: PlacementRule
    judgement: Judgement
    found: float | None = None
    required: float | None = None
    culprit: Culprit | None = None
    missing: Sequence[Any] = ()
    searched: float = 0.0
    to_measure: bool = False

    @property
    def broken(self) -> bool:
        return self.judgement == Judgement.BROKEN

    @property
    def unknown(self) -> bool:
        return self.judgement == Judgement.UNKNOWN

    @property
    def is_hard(self) -> bool:
        return self.rule.severity == Severity.HARD

    @property
    def severity(self) -> str:
        return self.rule.severity

    @property
    def clause(self) -> str:
        """The rule's source clause in the reader's language."""
        chinese = (get_language() or "zh").startswith("zh")
        return self.rule.clause if chinese or not self.rule.clause_en else self.rule.clause_en

    @property
    def sentence(self) -> str:
        """What is found and what is required, in words, in the reader's language."""
        return _("%(words)s(%(clause)s)") % {"words": sentence(self), "clause": self.clause}


class Violation(Verdict):
    """A verdict that the rule is broken."""


def covered(violation: Verdict, overrides: Iterable[Override]) -> bool:
    """Whether an approved override speaks of this violation: same rule, found no worse and required no more than then."""
    return any(
        override.rule_code == violation.rule.code
        and (violation.found is None or override.found is None or violation.found >= override.found - 0.5)
        and (
            violation.required is None or override.required is None or violation.required <= override.required
        )
        for override in overrides
    )


def without_link(verdict: Verdict) -> Verdict:
    """The same for somebody who may not open every page."""
    if verdict.culprit is None:
        return verdict
    return replace(verdict, culprit=replace(verdict.culprit, link=""))

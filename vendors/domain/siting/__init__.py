"""May a place stand where it is? Each rule of the day says yes or no, by how many metres, and because of what.

Distances are metric and to the edge of the place. One place or ten thousand take the same few SQL statements:
one for the rules, one for all that has a distance, one for other uses of the kerb, one for footways.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict
from vendors.domain.place import Place
from vendors.domain.siting.judging import clear_width, offsets_from, verdict_of
from vendors.domain.siting.survey import (
    MAIN_HIGHWAYS,
    TOUCH_M,
    Survey,
    applies,
)
from vendors.domain.siting.uses import KerbUse, SchoolCalendar, when_used
from vendors.domain.siting.verdict import Culprit, Judgement, Verdict, Violation, covered, without_link
from vendors.domain.siting.words import TOLERANCE_M, said
from vendors.enums import Severity, SiteKind
from vendors.models import PlacementRule

__all__ = [
    "MAIN_HIGHWAYS",
    "TOLERANCE_M",
    "TOUCH_M",
    "Culprit",
    "Judgement",
    "KerbUse",
    "SchoolCalendar",
    "Verdict",
    "Violation",
    "applies",
    "clear_width",
    "covered",
    "evaluate",
    "judge",
    "offsets_from",
    "require_rules",
    "ruled",
    "rules_of",
    "said",
    "verdicts",
    "when_used",
]


def rules_of(on: date) -> list[PlacementRule]:
    """The rules of the profile in use that are valid on that day, hard ones first. One query."""
    rules = PlacementRule.objects.filter(profile__in_use=True, valid__contains=on)
    return sorted(rules, key=lambda rule: (rule.severity != Severity.HARD, rule.pk))


def ruled(kind: str, rules: Iterable[PlacementRule]) -> bool:
    """Whether any of the rules speaks of a site of that kind: where none does, nothing can be judged, and nothing is good."""
    return any(applies(rule, kind) for rule in rules)


def require_rules(kind: str, rules: Iterable[PlacementRule]) -> None:
    """Raises Conflict when no rule in force speaks of a site of that kind."""
    if not ruled(kind, rules):
        raise Conflict(
            _("没有对%s有效的设置规则,无法判断哪里可以设置。请先在“设置规则”页采用或登记规则。")
            % SiteKind(kind).label
        )


def evaluate(place: Place, *, on: date, audience: Audience | None = None) -> list[Violation]:
    """The rules of the day `on` that the place breaks, hard ones first; empty when it may stand there.

    For an `audience` that does not see everything, the culprits come without links.
    """
    return [
        verdict for verdict in verdicts(place, on=on, audience=audience) if isinstance(verdict, Violation)
    ]


def verdicts(place: Place, *, on: date, audience: Audience | None = None) -> list[Verdict]:
    """What every rule of the day `on` that applies to the place says of it, with the metres found. Five statements at most."""
    judged = judge([place], on=on, rules=rules_of(on), search=True)[0]
    return judged if audience is None or audience.sees_all else [without_link(verdict) for verdict in judged]


def judge(
    places: Sequence[Place], *, on: date, rules: Sequence[PlacementRule], search: bool = False
) -> list[list[Verdict]]:
    """What each of `rules` that applies says of each place, in the order of the rules. Four statements at most, however many places.

    With `search` the distance to the nearest target is told beyond what is required too (SEARCH_TIMES as far).
    """
    survey = Survey(places, rules, on, search)
    survey.measure()
    survey.look_under()
    survey.look_at_footways()
    return [
        [verdict_of(survey, n, r) for r, rule in enumerate(rules) if applies(rule, place.kind)]
        for n, place in enumerate(places)
    ]

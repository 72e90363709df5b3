"""Entries with a place → what would be proposed, changed or refused, with what each rule says; nothing is written here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import Any

from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core.errors import DomainError, Invalid
from gridmgr.register.enums import PLACED, State
from gridmgr.register.models import Entry, Register
from grids.domain.place_text import key_of
from vendors.domain.draft import Draft, Drawn, Position, draft_of, draw, kerb_at
from vendors.domain.kerbside.nearest import nearest_legal
from vendors.domain.pitching import Layout
from vendors.domain.place import as_shapely, checked
from vendors.domain.siting import Verdict, judge, ruled, rules_of
from vendors.enums import CheckResult, SiteKind, SiteState
from vendors.models import Site

SAME_SITE_M = 30.0  # a site on the same kerb no farther away than this is the one that is meant
CORNER_GAP_M = 1.0  # how far from a corner a site begins
SHIFT_MOST_M, SHIFT_STEP_M = 40, 2
# Kerbs bend: the ground that is drawn around a legal middle may need to move on by this much.
NUDGES_M = (0.25, 0.5, 1.0, 2.0)
NAME_CHARACTERS = 80
LAYOUTS = {SiteKind.STALL: Layout(2.0, 1.0, 0.4, 0.8), SiteKind.MARKET: Layout(3.0, 2.0, 0.4, 1.2)}
# States in which a site has no approval that a change of its ground would end.
OPEN_TO_PLANS = frozenset({SiteState.PROPOSED, SiteState.RETURNED})
HOURS = {SiteKind.STALL: (time(6), time(22)), SiteKind.MARKET: (time(6), time(21))}


@dataclass
class Step:
    """What importing one entry would do: `outcome` as in gridmgr.register.enums; `words` say it.

    `drawn` is the ground it would take, `broken` the rules that this breaks, `site` the site that it means, of which
    `to_plan` says that only its planner changes what the row asks for.
    """

    entry: Entry
    outcome: str
    words: str = ""
    drawn: Drawn | None = None
    site: Site | None = None
    broken: Sequence[Verdict] = ()
    notes: list[str] = field(default_factory=list)
    to_plan: bool = False

    @property
    def is_hard(self) -> bool:
        return any(verdict.is_hard for verdict in self.broken)


def steps_of(register: Register, *, on: date) -> list[Step]:
    """What importing the register's placed entries would do, in their order. A fixed number of statements and one per entry."""
    entries = [
        each
        for each in register.entries.select_related("road")
        if each.state in PLACED and each.quantity is not None
    ]
    standing = list(Site.objects.standing().select_related("road").prefetch_related("pitches"))
    taken: dict[int, Entry] = {}
    steps = [_step(register, entry, standing, taken, on) for entry in entries]
    _judge(steps, on)
    _point_out_neighbours(steps)
    return steps


def _step(
    register: Register, entry: Entry, standing: Sequence[Site], taken: dict[int, Entry], on: date
) -> Step:
    site = site_meant(entry, standing)
    try:
        if site is None:
            drawn = fitted(draft_for(register, entry), entry.toward)
            checked(drawn.place, on=on)
            return Step(entry, "created", _("新提出,%s 个摊位") % len(drawn.pitches), drawn)
        if (other := taken.setdefault(site.pk, entry)) is not entry:
            words = _("第 %(row)s 行已经是%(site)s,同一摊点只能有一行")
            return Step(entry, "refused", words % {"row": other.row, "site": site.name}, site=site)
        return _change(entry, site, on)
    except DomainError as error:
        return Step(entry, "refused", str(error), site=site)


def _change(entry: Entry, site: Site, on: date) -> Step:
    """The site with the entry's number: one that waits for approval is drawn anew.

    How many vendors it holds was approved with it, so of one that stands approved it is refused: a row of a sheet
    would end an approval, on which vendors may stand already, unseen. Its planner proposes it anew, with a reason to.
    """
    quantity = entry.quantity or 0
    if site.capacity == quantity:
        return Step(entry, "unchanged", _("已有%s,数量相同") % site.name, site=site)
    told = {"site": site.name, "before": site.capacity, "after": quantity, "state": site.get_state_display()}
    if site.state not in OPEN_TO_PLANS:
        words = _(
            "%(site)s(%(state)s)批准的是 %(before)s 个,表里写 %(after)s 个。数量是批准的内容,不由登记表改:请在规划页改数量,改后重新待批。"
        )
        return Step(entry, "refused", words % told, site=site, to_plan=True)
    drawn = draw(replace(draft_of(site), pitches=quantity), stay=True)
    checked(drawn.place, on=on)
    return Step(entry, "changed", _("%(site)s:可容纳 %(before)s → %(after)s") % told, drawn, site)


def site_meant(entry: Entry, standing: Sequence[Site]) -> Site | None:
    """The site that a row speaks of: by its name or code, else the nearest on the same kerb within SAME_SITE_M."""
    names = {key_of(text) for text in (entry.name, entry.place, entry.title) if text}
    for site in standing:
        if {key_of(site.name), key_of(site.code)} & names:
            return site
    if entry.point is None:
        return None
    here = as_shapely(entry.point)
    near = [
        (as_shapely(site.area).distance(here), site.pk, site)
        for site in standing
        if (site.road_id, site.side) == (entry.road_id, entry.side)
    ]
    return min(near)[2] if near and min(near)[0] <= SAME_SITE_M else None


# ── Drafts ────────────────────────────────────────────────────────────────────────────────────────────────


def draft_for(register: Register, entry: Entry) -> Draft:
    """The site that an entry proposes: from its corner away from the junction, or around its metre."""
    kind = SiteKind(register.kind)
    opens, closes = HOURS[kind]
    draft = Draft(
        kind=kind,
        position=Position(entry.road_id or 0, entry.side, entry.metre or 0.0),
        pitches=entry.quantity or 0,
        layout=LAYOUTS[kind],
        opens=register.opens or opens,
        closes=register.closes or closes,
        season=_season(register),
        name=(entry.name or entry.title)[:NAME_CHARACTERS],
    )
    away = entry.toward * (draft.size.length / 2 + CORNER_GAP_M) if entry.toward else 0.0
    return replace(draft, position=replace(draft.position, metre=round((entry.metre or 0.0) + away, 3)))


def fitted(draft: Draft, toward: int) -> Drawn:
    """The draft on the ground, moved along its kerb until it fits: away from its corner, or to and fro.

    Kerbs bend at corners. Raises Invalid when there is no room within SHIFT_MOST_M.
    """
    kerb, _at = kerb_at(draft.position, length=draft.size.length, stay=True)
    refusal: Invalid | None = None
    for away in range(0, SHIFT_MOST_M + 1, SHIFT_STEP_M):
        for way in (toward,) if toward else (1, -1):
            metre = round(draft.position.metre + way * away, 3)
            try:
                return draw(
                    replace(draft, position=replace(draft.position, metre=metre, kerb=kerb)), stay=True
                )
            except Invalid as error:
                refusal = refusal or error
    raise refusal or Invalid(_("这里的路缘放不下。"))


def _season(register: Register) -> DateRange | None:
    if register.kind != SiteKind.MARKET or not (register.season_from and register.season_to):
        return None
    return DateRange(register.season_from, register.season_to + timedelta(days=1), "[)")


# ── What the rules say ────────────────────────────────────────────────────────────────────────────────────


def _judge(steps: Sequence[Step], on: date) -> None:
    """The rules each place breaks. Where a row leaves a stretch to choose from, an illegal place moves within it."""
    drawn = [(step, step.drawn) for step in steps if step.drawn is not None]
    _tell(drawn, on)
    moved = [(step, better) for step, ground in drawn if (better := _legal_within_stretch(step, ground, on))]
    for step, better in moved:
        step.drawn = better
        step.notes.append(_("已在这一段内移到最近的合规位置"))
    _tell(moved, on)


def _tell(drawn: Sequence[tuple[Step, Drawn]], on: date) -> None:
    judged = judge([ground.place for _step, ground in drawn], on=on, rules=rules_of(on)) if drawn else []
    for (step, _ground), verdicts in zip(drawn, judged, strict=True):
        step.broken = [verdict for verdict in verdicts if verdict.broken]
        unruled = str(CheckResult.UNRULED.label)
        if not verdicts and unruled not in step.notes:
            step.notes.append(unruled)


def _legal_within_stretch(step: Step, drawn: Drawn, on: date) -> Drawn | None:
    stretch = step.entry.stretch
    if (
        step.outcome != "created"
        or not step.is_hard
        or not stretch
        or not ruled(drawn.place.kind, rules_of(on))
    ):
        return None
    found = nearest_legal(drawn.place, on=on, draft=drawn.draft).same_kerb
    if found is None:
        return None
    low, high = found.footprint.stretch
    if not stretch[0] <= low <= high <= stretch[1]:
        return None
    for shift in (0.0, *(way * by for by in NUDGES_M for way in (1, -1))):
        position = replace(drawn.draft.position, metre=round((low + high) / 2 + shift, 3), kerb=None)
        ground = draw(replace(drawn.draft, position=position), stay=True)
        first, last = ground.footprint.stretch
        if stretch[0] <= first <= last <= stretch[1] and not _hard(ground, on):
            return ground
    return None


def _hard(drawn: Drawn, on: date) -> bool:
    """Whether the ground breaks a hard rule."""
    (verdicts,) = judge([drawn.place], on=on, rules=rules_of(on))
    return any(verdict.broken and verdict.is_hard for verdict in verdicts)


def _point_out_neighbours(steps: Sequence[Step]) -> None:
    """Two rows that would take the same ground are told of one another."""
    new = [step for step in steps if step.outcome == "created" and step.drawn is not None]
    for index, step in enumerate(new):
        for other in new[:index]:
            if step.drawn and other.drawn and step.drawn.place.area.intersects(other.drawn.place.area):
                step.notes.append(_("与第 %s 行占同一块地方,可能是重复的行") % other.entry.row)
                break


# ── Until it is confirmed ─────────────────────────────────────────────────────────────────────────────────


def token_of(steps: Sequence[Step]) -> str:
    """What is previewed, in short: what is confirmed must be the same."""
    said = [
        [step.entry.pk, step.outcome, step.words, step.site.version if step.site else 0, _box(step)]
        for step in steps
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


def _box(step: Step) -> list[float]:
    return [round(value, 2) for value in step.drawn.place.area.bounds] if step.drawn else []


def counts_of(steps: Sequence[Step]) -> dict[str, int]:
    """How many rows each outcome has."""
    counted = dict.fromkeys(("created", "changed", "unchanged", "refused"), 0)
    for step in steps:
        counted[step.outcome] += 1
    return counted


def left_behind(register: Register) -> Mapping[str, int]:
    """Rows that would not be imported: still without a place, without a quantity, or left out."""
    rows = list(register.entries.only("state", "quantity"))
    return {
        "open": sum(row.state in (State.UNSURE, State.UNMATCHED) for row in rows),
        "no_quantity": sum(row.state in PLACED and row.quantity is None for row in rows),
        "left_out": sum(row.state in (State.LEFT_OUT, State.REFUSED) for row in rows),
    }


def as_plain(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The account of each row as JSON keeps it; no contacts."""
    return [
        {"row": step.entry.row, "place": step.entry.title, "outcome": step.outcome, "words": step.words}
        for step in steps
    ]

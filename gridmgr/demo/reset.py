"""Taking the demo city away: its simulated rows, what hangs on them, its accounts, and the history of all these.

Real data stays: roads, schools and the basemap, and whatever a person entered that doesn't hang on a simulated row.
"""

from collections.abc import Iterator

import pghistory.models
import pgtrigger
from django.apps import apps
from django.db import models

from gridmgr.core.accounts.models import User
from gridmgr.core.history import event_model
from gridmgr.demo.accounts import MAIL_DOMAIN
from gridmgr.demo.names import SOURCE
from gridmgr.demo.schools import CALENDAR_MARK
from grids.models import Assignment, Branch, Facility, Member, MemberAssignment, Road
from parking.models import Bay, CalendarDay, DropOffPoint, PandaLane, School, SchoolGate
from vendors.models import Allocation, Guidance, Pitch, RuleProfile, Site, Vendor

Model = type[models.Model]
Keys = dict[Model, set[object]]

MARKED: tuple[Model, ...] = (
    *(Branch, Member, Assignment, MemberAssignment),
    *(SchoolGate, PandaLane, DropOffPoint, Bay),
    *(Site, Pitch, Vendor, Allocation, Guidance, RuleProfile),
    Facility,
)
OURS = ("accounts", "grids", "parking", "vendors")


def take_away() -> int:
    """Deletes the demo city's simulated rows and their history; returns how many rows. Call it in a transaction."""
    doomed = _with_what_hangs_on(_simulated())
    with pgtrigger.ignore(*_history_triggers(doomed)):
        for model in _children_first(doomed):
            _all(model).filter(pk__in=doomed[model]).delete()
            for events in _events_of(model):
                _all(events).filter(pgh_obj_id__in=doomed[model]).delete()
    return sum(len(keys) for keys in doomed.values())


def _simulated() -> Keys:
    found: Keys = {model: _keys(_all(model).filter(is_demo=True)) for model in MARKED}
    found[User] = _keys(User.objects.filter(email__endswith=f"@{MAIL_DOMAIN}"))
    found[CalendarDay] = _keys(CalendarDay.objects.filter(note__endswith=CALENDAR_MARK))
    return found


def _with_what_hangs_on(doomed: Keys) -> Keys:
    """The doomed rows and all rows that can't be without them, to any depth (a newcomer's allocation of a demo pitch)."""
    grown = True
    while grown:
        grown = False
        for child, key in _links():
            if key.remote_field.on_delete is models.SET_NULL:
                continue
            parents = doomed.get(key.related_model, set())
            more = _keys(_all(child).filter(**{f"{key.name}__in": parents})) if parents else set()
            if more - doomed.get(child, set()):
                doomed.setdefault(child, set()).update(more)
                grown = True
    return doomed


def _links() -> Iterator[tuple[Model, models.ForeignKey]]:
    """Each of our models with each of its foreign keys; histories are no children."""
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            for field in model._meta.fields:
                if isinstance(field, models.ForeignKey) and not issubclass(model, pghistory.models.Event):
                    yield model, field


def _children_first(doomed: Keys) -> list[Model]:
    """The models so ordered that none is deleted before those whose rows point to it."""
    pointed = {model: {key.related_model for child, key in _links() if child is model} for model in doomed}
    order: list[Model] = []
    left = sorted(doomed, key=lambda model: model._meta.label)
    while left:
        free = [
            model
            for model in left
            if not any(model in pointed[other] for other in left if other is not model)
        ]
        order += free
        left = [model for model in left if model not in free]
    return order


def _all(model: Model) -> "models.QuerySet[models.Model]":
    return models.QuerySet(model)


def _keys(rows: "models.QuerySet[models.Model]") -> set[object]:
    return set(rows.order_by().values_list("pk", flat=True))


def _events_of(model: Model) -> Iterator[Model]:
    try:
        yield event_model(model)
    except StopIteration:
        return


def _history_triggers(doomed: Keys) -> list[str]:
    """What would record the deletion, and what keeps histories from being deleted: switched off for this alone."""
    names = []
    for model in doomed:
        for events in _events_of(model):
            names += [f"{model._meta.label}:delete_delete", f"{events._meta.label}:append_only"]
    return names


def has_real_city() -> bool:
    """Whether the database holds a city that is not the demo's: branches of its own, or its roads alone."""
    if Branch.objects.filter(is_demo=False).exists():
        return True
    return not Branch.objects.exists() and Road.objects.exclude(source=SOURCE).exists()


def has_city() -> bool:
    """Whether the database holds roads, schools or branches, real or simulated."""
    return Branch.objects.exists() or Road.objects.exists() or School.objects.exists()

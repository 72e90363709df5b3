"""Taking a whole import back: what it created goes, what it changed is as it was. All of it, or nothing with the reasons."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pghistory
import pghistory.models
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.models import User
from gridmgr.core.changes import Change, history_of, name_then
from gridmgr.core.errors import Conflict, constraint_of
from gridmgr.core.history import event_model
from gridmgr.core.importing.objections import trigger_words
from gridmgr.core.quantities import moment
from gridmgr.intake.models import Import, State
from gridmgr.intake.record import name_of
from gridmgr.intake.restore import Model, Standing, Steps, Touched, lock, put_back, touched_by, tracked_models
from grids.domain.colours import recolour_once_committed
from grids.models import Assignment, Branch

# An import (`record`) is being taken back, whoever asked for it: what else hangs on it follows in the same transaction.
taken_back = Signal()

# As many rows as are named one by one; the rest is counted.
MOST_NAMED = 50


@dataclass(frozen=True)
class Obstacle:
    """One row because of which an import can't be taken back: what it is, its name, why, and the change that is in the way."""

    kind: str
    name: str
    why: str
    change: Change | None = None


class CannotUndo(Conflict):
    """Rows were changed since, or others hang on them; nothing was taken back. `obstacles` names the first of them."""

    def __init__(self, obstacles: Sequence[Obstacle], count: int) -> None:
        self.obstacles = obstacles
        self.count = count
        super().__init__(
            _("有 %(count)s 处在导入之后又被修改或被引用,什么都没有撤销。请先处理:%(names)s。")
            % {
                "count": count,
                "names": _(";").join(f"{each.kind} {each.name}({each.why})" for each in obstacles[:5]),
            }
        )


def take_back(
    record: Import, *, by: User | None = None, also: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """Undo the import, and note that and by whom; returns how many rows were removed, restored and brought back.

    `also` is called in the same transaction; when it raises, nothing is taken back. Raises CannotUndo when somebody
    changed a row since or something new hangs on one; Conflict when the import isn't there to be undone.
    """
    about = {
        "command": "undo_import",
        "undo_of": str(record.pk),
        "layer": record.layer,
        "file": record.file_name,
    }
    try:
        with transaction.atomic(), pghistory.context(**about, **({} if by else {"os_user": name_of(by)})):
            now = _claimed(record)
            steps, obstacles = _plan(now)
            if obstacles:
                raise CannotUndo(list(_named(obstacles)), len(obstacles))
            put_back(steps)
            if any(step.model in (Branch, Assignment) for step in steps):
                recolour_once_committed()
            now.state, now.undone_at, now.undone_by = State.UNDONE, timezone.now(), name_of(by)
            now.save(update_fields=["state", "undone_at", "undone_by"])
            taken_back.send(sender=Import, record=now)
            also()
    except IntegrityError as error:
        name = constraint_of(error)
        raise Conflict(
            _("现在的数据不允许恢复原状,什么都没有撤销:%(why)s(%(name)s)")
            % {
                "why": trigger_words().get(name) or _("原来的位置或编号已被别的对象占用。"),
                "name": name or "?",
            }
        ) from error
    record.refresh_from_db()
    counted: Counter[str] = Counter()
    for each in steps:
        counted.update(removed=len(each.delete), restored=len(each.update), brought_back=len(each.insert))
    return dict(counted)


def _claimed(record: Import) -> Import:
    now = Import.objects.select_for_update().filter(pk=record.pk).first()
    if now is None or now.context is None:
        raise Conflict(_("这次导入没有写入任何内容,无需撤销。"))
    if now.state == State.UNDONE:
        raise Conflict(_("这次导入已于 %s 撤销。") % moment(now.undone_at))
    found: Import = now
    return found


# ── What there is to do, and what is in the way ───────────────────────────────────────────────────────────

_Found = tuple[Model, Any, int, str]  # model, key, the import's last event of it, why


def _plan(record: Import) -> tuple[list[Steps], list[_Found]]:
    """The steps by model, and the rows that forbid them; every row concerned is locked."""
    steps, obstacles = [], []
    lock(record.context)  # type: ignore[arg-type]
    for model, rows in touched_by(record.context).items():  # type: ignore[arg-type]
        step = Steps(model)
        for row in rows:
            _take(step, row)
        steps.append(step)
        obstacles += [(model, row.key, row.last, _why(row)) for row in rows if _why(row)]
    doomed = {step.model: set(step.delete) for step in steps}
    for step in steps:
        obstacles += _holders(step, doomed)
    return steps, obstacles


def _take(step: Steps, row: Touched) -> None:
    if row.standing is not Standing.AS_LEFT:
        return
    if row.before is None:
        if not row.gone:
            step.delete.append(row.key)
    elif row.gone:
        step.insert.append(row.before)
    else:
        step.update.append(row.before)


def _why(row: Touched) -> str:
    reasons = {
        Standing.CHANGED_SINCE: _("导入之后又被修改"),
        Standing.UNKNOWN: _("没有导入之前的记录"),
    }
    return reasons.get(row.standing, "")


def _holders(step: Steps, doomed: Mapping[Model, set[Any]]) -> list[_Found]:
    """Rows to be removed on which others hang that aren't removed as well. What is derived from them alone goes too."""
    found: list[_Found] = []
    tracked = set(tracked_models())
    for relation in step.model._meta.related_objects if step.delete else ():
        child, key = relation.related_model, relation.field
        if isinstance(child, str) or issubclass(child, pghistory.models.Event) or not child._meta.managed:
            continue
        rows = child._base_manager.filter(**{f"{key.name}__in": step.delete})
        if relation.on_delete is models.CASCADE and child not in tracked:
            rows.delete()
            continue
        held = Counter(rows.exclude(pk__in=doomed.get(child, set())).values_list(key.attname, flat=True))
        reason = _("导入之后又有 %(count)s 个%(what)s属于它")
        found += [
            (step.model, pk, 0, reason % {"count": count, "what": child._meta.verbose_name})
            for pk, count in held.items()
        ]
    return found


def _named(obstacles: Sequence[_Found]) -> Iterator[Obstacle]:
    """The first obstacles with what a person calls them, and for those that were changed the latest change."""
    for model, key, last, why in obstacles[:MOST_NAMED]:
        thing = model._base_manager.filter(pk=key).first()
        name = str(thing) if thing else name_then(event_model(model).objects.get(pgh_id=last))
        change = next(iter(history_of(thing or model(pk=key), most=1)), None) if last else None
        yield Obstacle(str(model._meta.verbose_name), name, why, change)

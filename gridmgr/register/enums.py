"""Choices of registers: what a column is, and how far a file and each of its rows are."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Column(models.TextChoices):
    """What a column of a register holds. What is mapped to nothing is not stored."""

    STREET = "street", _("街道、道路")
    PLACE = "place", _("点位、地点")
    QUANTITY = "quantity", _("数量(摊位)")
    NAME = "name", _("摊点名称")
    NOTE = "note", _("备注")
    CONTACT = "contact", _("联系人、电话")


# These may be told in several columns, whose texts are put together.
JOINED = frozenset({Column.PLACE, Column.NOTE, Column.CONTACT})


class Stage(models.TextChoices):
    """How far a register is."""

    MAPPING = "mapping", _("待对应列")
    REVIEW = "review", _("待核对")
    WRITTEN = "written", _("已导入")


class State(models.TextChoices):
    """What became of a row's place."""

    MATCHED = "matched", _("已对上")
    UNSURE = "unsure", _("待确认")
    UNMATCHED = "unmatched", _("没对上")
    PINNED = "pinned", _("已定点")
    REFUSED = "refused", _("不能导入")
    LEFT_OUT = "left_out", _("不导入")


# States in which a row has its place.
PLACED = (State.MATCHED, State.PINNED)
# States in which a person has spoken: matching anew leaves them alone.
SETTLED = (State.PINNED, State.LEFT_OUT, State.REFUSED)


class Told(models.TextChoices):
    """What a row is told that the streets have no say in; stored as it is here, in words when it is shown."""

    SUM = "sum", _("合计行")
    REMARK = "remark", _("填表说明")
    NO_PLACE = "no_place", _("没有写点位,也没有写街道")
    BY_PERSON = "by_person", _("由人决定不导入")
    PINNED = "pinned", _("由人定点")


def told(text: str) -> str:
    """A code of `Told` in the reader's language; '' for any other text."""
    return str(Told(text).label) if text in Told.values else ""


class Outcome(models.TextChoices):
    """What importing a row does, or did."""

    CREATED = "created", _("新提出")
    CHANGED = "changed", _("改动")
    UNCHANGED = "unchanged", _("不变")
    REFUSED = "refused", _("被拒绝")

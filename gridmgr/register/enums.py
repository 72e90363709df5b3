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

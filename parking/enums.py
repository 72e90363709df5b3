"""Choices of schools, lanes and bays."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SchoolKind(models.TextChoices):
    KINDERGARTEN = "kindergarten", _("幼儿园")
    SCHOOL = "school", _("中小学")
    COLLEGE = "college", _("高等院校")


class BayKind(models.TextChoices):
    SMALL = "small", _("小型车")
    LARGE = "large", _("大型车")
    ACCESSIBLE = "accessible", _("无障碍")
    CHARGING = "charging", _("充电")


class BayState(models.TextChoices):
    IN_USE = "in_use", _("启用")
    SUSPENDED = "suspended", _("暂停")
    REMOVED = "removed", _("已取消")


# What is counted as a bay. One that is suspended is outlined and counted apart; one removed is in no list and on no map.
IN_USE = BayState.IN_USE

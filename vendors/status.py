"""What "is" means of a site: the one place that says which sites count as there, and on which day.

A site's state says how far its approval has come; its status says what it is to somebody who walks there on a day.
Only a site in use is counted as a site with pitches, has free ones, and is drawn whole. All others that stand on the
map or in a list are outlined, bear their status as a word, and are counted each under its own name.
"""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _


class SiteStatus(models.TextChoices):
    """What a site is on one day; but for a market out of season its state says it."""

    OPEN = "open", _("开放")
    RESTING = "resting", _("休季")
    SUSPENDED = "suspended", _("暂停")
    APPROVED = "approved", _("已批准")
    PROPOSED = "proposed", _("拟设")
    RETURNED = "returned", _("已退回")
    CLOSED = "closed", _("关闭")


IN_USE = SiteStatus.OPEN
# Those that lists and maps hold beside the ones in use, in the order in which they are told.
APART = tuple(each for each in SiteStatus if each not in {IN_USE, SiteStatus.CLOSED})


def in_season(on: date, site: str = "") -> Q:
    """Sites without a season, or whose season holds the day; `site` is the path to them, such as `site__`."""
    return Q(**{f"{site}season__isnull": True}) | Q(**{f"{site}season__contains": on})


def in_use(on: date, site: str = "") -> Q:
    """Sites that are open by their state, and in season that day."""
    return in_season(on, site) & Q(**{f"{site}state": IN_USE})


def status_on(on: date, site: str = "") -> Case:
    """The status that day as SQL."""
    resting = When(~in_season(on, site), **{f"{site}state": IN_USE}, then=Value(SiteStatus.RESTING.value))
    return Case(resting, default=F(f"{site}state"), output_field=models.CharField())


def status_of(site: Any, on: date) -> SiteStatus:
    """The status of a site that has been read, on any day."""
    if site.state == IN_USE and site.season is not None and on not in site.season:
        return SiteStatus.RESTING
    return SiteStatus(site.state)

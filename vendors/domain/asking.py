"""Who is asked when something is not to be had: the secretary who answers where a site stands."""

from datetime import date
from typing import Any

from django.contrib.postgres.fields import DecimalRangeField
from django.db.models import BigIntegerField, DateField, QuerySet
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict
from gridmgr.core.statements import Gap, written_once
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member
from vendors.models import Site


class Taken(Conflict):
    """What was wanted at a site is another's; the words name who may be asked about `site`."""

    def __init__(self, words: str, site: Site) -> None:
        super().__init__(words)
        self.site = site


def branches_at(site: Site, *, on: date) -> list[Branch]:
    """The branches that answer, on that day, where the site stands: along the road."""
    sections = _sections_at().rows(on=on, road=site.road_id, stretch=site.stretch)
    return [section.branch for section in sections]


@written_once
def _sections_at() -> "QuerySet[Assignment]":
    on: Any = Gap("on", DateField())
    here = Assignment.objects.on_day(on).filter(
        road=Gap("road", BigIntegerField()), stretch__overlap=Gap("stretch", DecimalRangeField())
    )
    return here.select_related("branch").defer("branch__area").order_by("stretch")


def secretary_to_call(error: Exception, *, on: date, audience: Audience) -> Member | None:
    """The secretary whom the words of `error` name, with a phone number, when the reader may call them."""
    if not isinstance(error, Taken):
        return None
    branches = branches_at(error.site, on=on)
    if not branches or not audience.may_call_secretary_of(branches[0].pk):
        return None
    member = _secretary_of(branches[0])
    return member if member and member.phone and member.pk != audience.member_id else None


def _secretary_of(branch: Branch) -> Member | None:
    secretaries = Member.objects.serving().filter(branch=branch, role=MemberRole.SECRETARY)
    return secretaries.only("name", "phone").first()


def who_to_ask(site: Site, *, on: date) -> str:
    """A sentence that names the branch secretary who answers for the site; never a phone number."""
    branches = branches_at(site, on=on)
    if not branches:
        return _("这一摊点没有支部负责,可询问管理员。")
    secretary = _secretary_of(branches[0])
    if secretary is None:
        return _("可询问%(branch)s。") % {"branch": branches[0]}
    return _("可询问%(branch)s书记%(name)s。") % {"branch": branches[0], "name": secretary.name}

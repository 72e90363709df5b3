"""A briefing as a job: asked for on a page, made by the worker."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gridmgr.briefing.gather import gather, snapshot
from gridmgr.briefing.rights import may_brief, may_brief_all
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import NotThere
from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.queue import enqueue
from gridmgr.core.jobs.words import Kept, keep
from gridmgr.core.jobs.work import Product, Work
from grids.layers import BRANCHES
from grids.models import Branch

KIND = "briefing"


def branches_of(audience: Audience, on: date) -> QuerySet[Branch]:
    """The branches that this reader may make a briefing of: a secretary their own, the others all."""
    rows = BRANCHES.rows(audience, on).order_by("code")
    return rows if may_brief_all(audience) else rows.filter(pk=audience.branch_id)


def ask_for(
    branches: Sequence[str] | None, form: str, *, on: date, owner: User, site: str, origin: str
) -> Job:
    """Asks for a briefing of these branches (None: the whole city); `site` is the service's address, for its links.

    Raises Busy.
    """
    title = keep("%s %s %s", _subject(branches), on, form.upper())
    args = {
        "branches": None if branches is None else list(branches),
        "on": on.isoformat(),
        "form": form,
        "site": site,
    }
    return enqueue(KIND, owner=owner, title=title, args=args, origin=origin)


def _subject(branches: Sequence[str] | None) -> Kept:
    if branches is None:
        return keep(gettext_noop("全市简报"))
    if len(branches) > 1:
        return keep(gettext_noop("%s 个支部简报"), len(branches))
    return keep(gettext_noop("%s简报"), str(Branch.objects.filter(code=branches[0]).first()))


def make(work: Work) -> Product:
    """Makes the briefing that `ask_for` described; its numbers and maps belong to one moment."""
    from gridmgr.briefing.pack import make_pack  # what draws and sets is for the worker alone

    asked: dict[str, Any] = work.args
    on, audience = date.fromisoformat(asked["on"]), work.audience
    _still_may(asked["branches"], audience, on)
    work.report(0, 0, _("正在读取数据"))
    with snapshot():
        dossier = gather(asked["branches"], audience=audience, on=on, site=asked["site"])
        pack = make_pack(dossier, asked["form"], audience=audience, progress=work.report)
    path = work.folder / "pack"
    path.write_bytes(pack.content)
    return Product(path, pack.name, pack.content_type, f"{dossier.title} · {dossier.subtitle}")


def _still_may(codes: Sequence[str] | None, audience: Audience, on: date) -> None:
    """Raises NotThere when the one who asked has lost the right meanwhile."""
    theirs = set(branches_of(audience, on).values_list("code", flat=True))
    whole = codes is None and not may_brief_all(audience)
    if whole or not may_brief(audience) or set(codes or ()) - theirs:
        raise NotThere(_("您已无权制作这份简报(账号或支部有变动)。请联系管理员。"))

"""A briefing as a notice, as Chinese offices send them: head, title, text, table, map, date, annexes."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.notice import annexes, official
from gridmgr.briefing.notice.text import Writer, title_of
from gridmgr.briefing.pictures import Pictures, Progress, nobody_listens
from gridmgr.briefing.zipped import settled

__all__ = ["notice"]


def notice(dossier: Dossier, maps: Pictures, progress: Progress = nobody_listens) -> bytes:
    """The dossier as DOCX: the same bytes for the same dossier and maps.

    `progress` is told of the text, the map, each list and the file; what it raises ends the work. Raises what the maps
    raise.
    """
    made = official.sheet()
    title, lists = title_of(dossier), annexes.annexes(dossier)
    writer, total = Writer(made, dossier), len(lists) + 3
    progress(0, total, _("正在填写 %s") % title)
    writer.head(title)
    writer.situation()
    writer.branches(annexed=bool(lists))
    progress(1, total, _("正在绘制 %s") % dossier.title)
    writer.map(maps)
    writer.sources()
    writer.end([each.title for each in lists])
    for number, each in enumerate(lists, 1):
        progress(number + 1, total, _("正在填写 %s") % each.title)
        annexes.write(made, number, each, wording.imprint(dossier))
    progress(total - 1, total, _("正在写入文件"))
    return _saved(made, dossier, title)


def _saved(made: Any, dossier: Dossier, title: str) -> bytes:
    properties = made.core_properties
    properties.title, properties.author = wording.plain(title), "gridmgr"
    properties.last_modified_by, properties.revision = "gridmgr", 1
    properties.subject, properties.comments = wording.plain(wording.imprint(dossier)), ""
    stream = BytesIO()
    made.save(stream)
    return settled(stream.getvalue(), dossier.moment)

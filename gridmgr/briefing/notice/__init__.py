"""A briefing as a notice, as Chinese offices send them: head, title, text, table, map, date, annexes."""

from io import BytesIO
from typing import Any

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.notice import annexes, official
from gridmgr.briefing.notice.text import Writer, title_of
from gridmgr.briefing.pictures import Pictures
from gridmgr.briefing.zipped import settled

__all__ = ["notice"]


def notice(dossier: Dossier, maps: Pictures) -> bytes:
    """The dossier as DOCX: the same bytes for the same dossier and maps. Raises what the maps raise."""
    made = official.sheet()
    title, lists = title_of(dossier), annexes.annexes(dossier)
    writer = Writer(made, dossier)
    writer.head(title)
    writer.situation()
    writer.branches(annexed=bool(lists))
    writer.map(maps)
    writer.sources()
    writer.end([each.title for each in lists])
    for number, each in enumerate(lists, 1):
        annexes.write(made, number, each, wording.imprint(dossier))
    return _saved(made, dossier, title)


def _saved(made: Any, dossier: Dossier, title: str) -> bytes:
    properties = made.core_properties
    properties.title, properties.author = wording.plain(title), "gridmgr"
    properties.last_modified_by, properties.revision = "gridmgr", 1
    properties.subject, properties.comments = wording.plain(wording.imprint(dossier)), ""
    stream = BytesIO()
    made.save(stream)
    return settled(stream.getvalue(), dossier.moment)

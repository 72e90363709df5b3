"""A briefing as slides: cover, city map, key figures, charts, branches, then a slide or more for each branch."""

from io import BytesIO

from django.utils.translation import gettext as _

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.pictures import Pictures, Progress, steps_of
from gridmgr.briefing.slides.branch import branch_slides
from gridmgr.briefing.slides.deck import Deck
from gridmgr.briefing.slides.whole import charts, city_map, cover, gaps, key_figures, overview
from gridmgr.briefing.zipped import settled

__all__ = ["presentation"]


def presentation(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    """The dossier as PPTX: the same bytes for the same dossier and maps.

    Charts and tables are native and may be edited. `progress` is told of each map before it is drawn; what it raises
    ends the work. Raises what the maps raise.
    """
    deck, several = Deck(dossier), len(dossier.branches) > 1
    total = len(dossier.branches) + 2
    cover(deck)
    if several:
        progress(0, total, _("正在绘制 %s") % dossier.title)
        city_map(deck, maps)
    key_figures(deck)
    if several:
        charts(deck)
        overview(deck)
    for done, part in enumerate(dossier.branches, start=1):
        progress(done, total, steps_of(part))
        branch_slides(deck, part, maps)
    if dossier.gaps:
        gaps(deck)
    progress(total - 1, total, _("正在写入文件"))
    return _saved(deck)


def _saved(deck: Deck) -> bytes:
    dossier, properties = deck.dossier, deck.made.core_properties
    properties.title, properties.author = wording.plain(dossier.title), "gridmgr"
    properties.last_modified_by, properties.revision = "gridmgr", 1
    properties.subject = wording.plain(wording.imprint(dossier))
    properties.keywords = properties.comments = properties.category = ""
    stream = BytesIO()
    deck.made.save(stream)
    return settled(stream.getvalue(), dossier.moment)

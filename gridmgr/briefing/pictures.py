"""The maps of a briefing, each drawn once, all from the data that its dossier was read from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _

from gridmgr.briefing.dossier import BranchPart, Dossier
from gridmgr.briefing.gather import snapshot, state_of_maps
from gridmgr.briefing.scope import Scope, scope_of, view_of
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict
from gridmgr.core.layers.figures import print_map
from gridmgr.core.layers.figures.paper import Size
from gridmgr.core.past import as_of
from grids.layers import SECTIONS

# What is told while a pack is made: steps done, of how many, and words for the present one. It may raise to cancel.
Progress = Callable[[int, int, str], None]


def nobody_listens(done: int, total: int, words: str) -> None:
    pass


# Sharp on paper and on a projector.
DPI = 200


class Moved(Conflict):
    """The data changed after the dossier was read: its maps would show another moment than its numbers."""


@dataclass
class Pictures:
    """Maps without words around them, for pages that say those: `form` is png, pdf, or svg (whose texts take the font
    of the page), `size` width and height in millimetres. The reader `audience` is that of the dossier. Each raises
    Moved when the data has changed since.
    """

    dossier: Dossier
    audience: Audience
    _drawn: dict[tuple[str, str, Size], bytes] = field(default_factory=dict)

    def city(self, form: str, size: Size) -> bytes:
        """All that the dossier covers on one map: the whole city, or the chosen branches."""
        if self.dossier.whole:
            return self._map("city", form, size)
        return self._map("chosen", form, size)

    def branch(self, code: str, form: str, size: Size) -> bytes:
        """What that branch answers for, its neighbours' sections in grey."""
        return self._map(f"branch:{code}", form, size)

    def _map(self, code: str, form: str, size: Size) -> bytes:
        key = (code, form, size)
        if key not in self._drawn:
            self._drawn[key] = self._draw(code, form, size)
        return self._drawn[key]

    def _draw(self, code: str, form: str, size: Size) -> bytes:
        with snapshot(), as_of(self.dossier.on):
            if self.dossier.state and state_of_maps() != self.dossier.state:
                raise Moved(_("制作期间数据有改动,图与数会对不上。请重新制作。"))
            scope = self._chosen() if code == "chosen" else self._scope(code)
            view = view_of(scope, audience=self.audience, on=self.dossier.on)
            drawn = print_map(
                view, form, paper=size, dpi=DPI, moment=self.dossier.moment, with_font=form != "svg"
            )
        return drawn.content

    def _scope(self, code: str) -> Scope:
        return scope_of(code, audience=self.audience, on=self.dossier.on)

    def _chosen(self) -> Scope:
        """The dossier's branches together; what is others' in grey."""
        scopes = [self._scope(part.scope) for part in self.dossier.branches]
        names = {name for scope in scopes for name in scope.conditions}
        west, south, east, north = zip(*(scope.bounds for scope in scopes), strict=True)
        return Scope(
            "chosen",
            self.dossier.title,
            self.dossier.subtitle,
            (min(west), min(south), max(east), max(north)),
            {name: reduce(or_, (scope.conditions.get(name, Q()) for scope in scopes)) for name in names},
            emphasis=[SECTIONS.name],
        )


def steps_of(part: BranchPart) -> str:
    """What a progress line says while that branch is drawn."""
    return _("正在绘制 %s") % f"{part.code} {part.name}"

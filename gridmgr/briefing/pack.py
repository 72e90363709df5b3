"""A briefing as a file: the form is chosen by its suffix, and every form is made from the same dossier and maps."""

from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.pictures import Pictures, Progress, nobody_listens
from gridmgr.briefing.scope import stem
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid

FORMS = {
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass(frozen=True)
class Pack:
    """The finished file: its bytes, a name to hand it out with, its type."""

    content: bytes
    name: str
    content_type: str


def make_pack(
    dossier: Dossier, form: str, *, audience: Audience, progress: Progress = nobody_listens
) -> Pack:
    """The dossier as pdf, pptx, xlsx or docx, for the reader that it was gathered for; the same bytes each time.

    `progress` is called before each map, page, list and sheet; what it raises ends the work, and nothing is left of it. Raises Invalid for
    an unknown form, NoFont without a Chinese font, Moved when the data has changed since the dossier was read: gather
    and make inside one `snapshot()` to rule that out.
    """
    make = _MAKERS[_known(form)]
    content = make(dossier, Pictures(dossier, audience), progress)
    name = f"{stem(f'{dossier.title} {dossier.on.isoformat()}')}.{form}"
    return Pack(content, name, FORMS[form])


def form_of(path: Path) -> str:
    """The form that the file's suffix names; raises Invalid with those there are."""
    return _known(path.suffix.lower().removeprefix("."), path.name)


def _known(form: str, name: str = "") -> str:
    if form in FORMS:
        return form
    known = _("、").join(f".{each}" for each in FORMS)
    raise Invalid(
        _("不认识文件名 %(name)s 的后缀。可用:%(known)s。") % {"name": (name or form)[:60], "known": known}
    )


# ── The forms ─────────────────────────────────────────────────────────────────────────────────────────────
# What each is made with is heavy, and imported only by those who make one.


def _pdf(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    from gridmgr.briefing.pdf import pdf

    return pdf(dossier, maps, progress)


def _slides(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    from gridmgr.briefing.slides import presentation

    return presentation(dossier, maps, progress)


def _workbook(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    from gridmgr.briefing.workbook import workbook

    return workbook(dossier, progress)


def _notice(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    from gridmgr.briefing.notice import notice

    return notice(dossier, maps, progress)


_MAKERS = {"pdf": _pdf, "pptx": _slides, "xlsx": _workbook, "docx": _notice}

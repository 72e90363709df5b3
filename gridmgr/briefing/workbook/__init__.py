"""A briefing as a workbook: a sheet for each subject, and the key figures as formulas over them."""

from django.utils.translation import gettext as _

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.pictures import Progress, nobody_listens
from gridmgr.briefing.workbook.about import write_about
from gridmgr.briefing.workbook.cells import Book, set_up_page, write_table
from gridmgr.briefing.workbook.counted import branches_table
from gridmgr.briefing.workbook.tables import subjects
from gridmgr.briefing.zipped import settled

__all__ = ["workbook"]


def workbook(dossier: Dossier, progress: Progress = nobody_listens) -> bytes:
    """The dossier as XLSX: the same bytes for the same dossier.

    `progress` is told of each sheet and of the file; what it raises ends the work.
    """
    tables = subjects(dossier)
    tables = {"branches": branches_table(dossier, tables), **tables}
    book = Book()
    write_about(book, dossier, tables)
    for done, table in enumerate(tables.values()):
        progress(done, len(tables) + 1, _("正在填写 %s") % table.title)
        heading = f"{table.title} · {wording.imprint(dossier)}"
        write_table(book, table, heading=heading, frozen=table.key)
    progress(len(tables), len(tables) + 1, _("正在写入文件"))
    for sheet in book.sheets:
        set_up_page(book, sheet, foot=f"{dossier.title} · {wording.data_moment(dossier.moment)}")
    about = {"author": "gridmgr", "title": dossier.title, "comments": wording.imprint(dossier)}
    book.book.set_properties({name: wording.plain(text) for name, text in about.items()})
    return settled(book.saved(), dossier.moment)

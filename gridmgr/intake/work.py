"""What a worker does of an import that takes longer than a page may.

Each step ends its job in the transaction in which it writes: what the job's page says has been done, has.
"""

from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gridmgr.core.errors import NotThere
from gridmgr.core.jobs.words import keep
from gridmgr.core.jobs.work import Product, Work
from gridmgr.intake import bringing, undo
from gridmgr.intake.models import Import
from gridmgr.intake.rights import imports_of, may_import, require


def read(work: Work) -> Product:
    """Reads a large file that was put aside, and previews it when it states its datum; args: import, inner."""
    record = _record(work)
    work.report(0, 0, _("正在检查文件"))
    if not record.rows:  # else it was read before the worker died
        bringing.read_aside(record, work.args["inner"])
    if not record.datum_stated:
        return _done(record, gettext_noop("文件已读取,请选择坐标基准。"))
    work.report(0, 0, _("正在核对 %s 行") % record.rows)
    product = _done(record, gettext_noop("预览已完成,请核对后确认。"))
    bringing.preview(record, also=partial(work.seal, product))
    return product


def preview(work: Work) -> Product:
    """Previews an import; args: import, datum."""
    record = _record(work)
    work.report(0, 0, _("正在核对 %s 行") % record.rows)
    product = _done(record, gettext_noop("预览已完成,请核对后确认。"))
    bringing.preview(record, datum=work.args["datum"], also=partial(work.seal, product))
    return product


def write(work: Work) -> Product:
    """Writes a previewed import as it was shown; args: import, shown, skip_refused."""
    record = _record(work)
    work.report(0, 0, _("正在写入 %s 行") % record.rows)
    product = _done(record, gettext_noop("已写入。"))
    how = {"shown": work.args["shown"], "skip_refused": work.args["skip_refused"]}
    bringing.write(record, **how, also=partial(work.seal, product))
    return product


def take_back(work: Work) -> Product:
    """Takes an import back; args: import."""
    record = _record(work)
    work.report(0, 0, _("正在撤销"))
    product = _done(record, gettext_noop("已撤销整个导入,数据恢复原状。"))
    undo.take_back(record, by=work.owner, also=partial(work.seal, product))
    return product


def _record(work: Work) -> Import:
    """The import, when it is still the asker's to change."""
    found = imports_of(work.owner).filter(pk=work.args["import"]).first()
    if found is None:
        raise NotThere(_("这次导入已不存在。请重新上传文件。"))
    require(may_import(work.owner, found.layer))
    return found


def _done(record: Import, words: str) -> Product:
    return Product(words=keep(words), result=record.get_absolute_url())

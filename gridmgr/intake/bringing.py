"""The steps of an import through pages: receive the file, preview it under a datum, write it, once and as previewed."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict, DomainError
from gridmgr.core.importing.archives import MIB
from gridmgr.core.importing.frame import Frame
from gridmgr.core.importing.layers import import_frame
from gridmgr.core.importing.reading import Reading
from gridmgr.core.importing.report import Report
from gridmgr.core.importing.upload import Limits, read_upload
from gridmgr.core.quantities import moment
from gridmgr.data_files import IMPORTERS, importer_named, labels_of_layer
from gridmgr.intake import shelf
from gridmgr.intake.changes import bounds_of, changes_under, refused_lines
from gridmgr.intake.models import Import, State, Way
from gridmgr.intake.record import counts_of, digest_of, kept_of, name_of, one_at_a_time, recorded
from gridmgr.intake.rights import may_restore

# What belongs to a step and is done in the transaction in which it writes; when it raises, nothing is written.
Also = Callable[[], None]

# A file of more rows is previewed and written by a worker, with progress.
ROWS_AT_ONCE = 5_000
# A larger file is read by a worker too, and so is one that takes longer than a person waits for a page.
BYTES_AT_ONCE = 4 * MIB
AT_ONCE = Limits(cpu_s=15, wall_s=25)
# As many files of one person wait to be written; a newer one takes the oldest's place on the disk.
MOST_DRAFTS = 10


class Stale(Conflict):
    """The data changed since the preview: what would be written is not what was shown. Nothing was written."""


def receive(path: Path, *, name: str, layer: str, owner: User, inner: str = "") -> Import:
    """Read an uploaded file that its sender calls `name`, and keep what it holds until it is written or too old.

    `inner` is the layer or sheet in the file. Nothing is stored when it is refused: raises Unreadable, TooMuch; TooSlow
    for one that a worker has more time for.
    """
    importer_named(layer)
    record = _draft(path, name=name, layer=layer, owner=owner)
    _read(record, path, inner, AT_ONCE)
    return record


def put_aside(path: Path, *, name: str, layer: str, owner: User) -> Import:
    """Keep an uploaded file that takes long to read until a worker reads it."""
    importer_named(layer)
    record = _draft(path, name=name, layer=layer, owner=owner)
    shelf.put_aside(record.pk, path)
    record.save(force_insert=True)
    return record


def read_aside(record: Import, inner: str) -> None:
    """Read a file that was put aside, as `receive` does; when it is refused nothing stays of it, the record neither."""
    path = shelf.aside(record.pk)
    try:
        _read(record, path, inner, Limits())
    except DomainError:
        _forget(record)
        raise
    path.unlink()


def _draft(path: Path, *, name: str, layer: str, owner: User) -> Import:
    _forget_old(owner)
    return Import(
        owner=owner,
        by=name_of(owner),
        way=Way.PAGE,
        layer=layer,
        file_name=Path(name).name[-255:],
        sha256=digest_of(path),
    )


def _forget_old(owner: User) -> None:
    """Whenever a new file comes, drafts go of which nothing is kept any more, and this person's beyond MOST_DRAFTS."""
    shelf.sweep()
    drafts = Import.objects.filter(written_at__isnull=True)
    drafts.filter(created__lt=timezone.now() - timedelta(days=shelf.KEPT_DAYS)).delete()
    for surplus in drafts.filter(owner=owner).order_by("-created")[MOST_DRAFTS - 1 :]:
        _forget(surplus)


def _read(record: Import, path: Path, inner: str, limits: Limits) -> None:
    importer = IMPORTERS[record.layer]
    frame = read_upload(path, name=record.file_name, layer=inner, limits=limits)
    Reading(
        importer, frame, record.file_name, labels_of_layer(record.layer)
    )  # raises when columns are missing
    stated = is_stated(frame)
    record.rows = len(frame)
    record.datum = _stated_name(frame) if stated and importer.geometry else ""
    record.datum_stated = stated or not importer.geometry or frame.geometry is None
    shelf.put(record.pk, frame)
    record.save()


def is_stated(frame: Frame) -> bool:
    """Whether the file itself says what its coordinates are in; a format's standard alone is not the file's word."""
    return (frame.datum is not None or frame.crs is not None) and not frame.by_default


def _stated_name(frame: Frame) -> str:
    return frame.datum.code if frame.datum else str(frame.crs.name)[:20]  # type: ignore[union-attr]


# ── Preview ───────────────────────────────────────────────────────────────────────────────────────────────


def preview(record: Import, *, datum: str = "", also: Also = lambda: None) -> None:
    """Write the whole import, read from history what it changed, and take it all back.

    `datum` is what a person chose for a file that doesn't state it. Raises Unreadable when the file as a whole can't
    be taken: then it is refused for good, unless another datum might do.
    """
    frame = shelf.frame_of(record.pk)
    chosen = "" if record.datum_stated else datum
    with shelf.drafted() as room:
        try:
            with transaction.atomic(), pghistory.context(preview=str(record.pk)) as context:
                one_at_a_time()
                report = _bring_in(record, frame, chosen)
                changes = changes_under(context.id, report)
                features = changes.features(layer_named(record.layer))
                shapes = {"type": "FeatureCollection", "features": features}
                shelf.put_preview(room, changes.lines(), refused_lines(report), shapes)
                transaction.set_rollback(True)
        except DomainError as error:
            if record.datum_stated:
                _refuse(record, str(error))
            raise
        kept = kept_of(report) | {
            "total": changes.counts,
            "bounds": bounds_of(features),
            "writable": report.written and report.changes > 0,
        }
        with transaction.atomic():
            now = _still_draft(record)
            also()
            shelf.lay_down(record.pk, room)
            now.state, now.datum, now.report = State.PREVIEWED, chosen or record.datum, kept
            now.counts, now.fingerprint = counts_of(report), changes.fingerprint
            now.save(update_fields=["state", "datum", "counts", "report", "fingerprint"])
    record.refresh_from_db()


def _still_draft(record: Import) -> Import:
    """The import, locked; raises Conflict when it was written or dropped meanwhile."""
    now = Import.objects.select_for_update().filter(pk=record.pk).first()
    if now is None:
        raise Conflict(_("这次导入已不存在。请重新上传文件。"))
    if now.state not in {State.UPLOADED, State.PREVIEWED}:
        raise Conflict(_("%s 已经写入或撤销,不再预览。") % record.file_name)
    found: Import = now
    return found


def _bring_in(record: Import, frame: Frame, datum: str) -> Report:
    """The same call that the command makes; refused rows are left out, and listed.

    What only administrators may restore is read from an administrator's file alone, whoever confirms it.
    """
    importer = IMPORTERS[record.layer]
    restoring = may_restore(record.owner)
    return import_frame(
        frame,
        importer if restoring else importer.without_restoring(),
        path=record.file_name,
        labels=labels_of_layer(record.layer),
        datum=datum,
        skip_refused=True,
    )


def _refuse(record: Import, why: str) -> None:
    Import.objects.filter(pk=record.pk, state__in=[State.UPLOADED, State.PREVIEWED]).update(
        state=State.REFUSED, report={"refusal": why}
    )
    shelf.remove(record.pk)


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def write(record: Import, *, shown: str, skip_refused: bool, also: Also = lambda: None) -> None:
    """Write a previewed import, as it was shown: `shown` is the fingerprint of the preview that was confirmed.

    Refused rows are left out only when `skip_refused`. Raises Conflict when it was written already or rows are
    refused, Stale when the data changed since: then there is a new preview.
    """
    try:
        with recorded(draft=record) as account:
            now = account.record
            if now.counts.get("refused") and not skip_refused:
                raise Conflict(
                    _("有 %s 行被拒绝,什么都没有写入。请改正文件后重新上传,或选择跳过被拒绝的行。")
                    % now.counts["refused"]
                )
            report = _bring_in(now, shelf.frame_of(record.pk), "" if now.datum_stated else now.datum)
            changes = changes_under(account.context, report)
            if not shown == now.fingerprint == changes.fingerprint:
                raise Stale(_("预览之后数据又有变动,没有写入。下面是新的预览,请重新核对。"))
            account.close(counts_of(report), kept_of(report) | {"total": changes.counts})
            also()
    except Stale:
        preview(record, datum=record.datum)
        raise
    shelf.keep_refused(record.pk)
    record.refresh_from_db()


def drop(record: Import) -> None:
    """Forget an import that was never written, and what was kept of its file; raises Conflict when it was written."""
    if not _forget(record):
        record.refresh_from_db()
        raise Conflict(
            _("%(file)s 已于 %(at)s 写入,不能放弃。要恢复原状,请在这一页撤销整个导入。")
            % {"file": record.file_name, "at": moment(record.written_at)}
        )


def _forget(record: Import) -> bool:
    """Whether nothing is left of it; one that is just being written is waited for, and stays."""
    Import.objects.filter(pk=record.pk, written_at__isnull=True).delete()
    if Import.objects.filter(pk=record.pk).exists():
        return False
    shelf.remove(record.pk)
    return True

"""The pages of an import: upload, datum, preview, result and undo; and the list of all imports."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.rights import reader_of
from gridmgr.core.errors import Conflict, DomainError, TooMuch
from gridmgr.core.geo.datums import datum_named
from gridmgr.core.importing.archives import MIB
from gridmgr.core.importing.upload import Limits
from gridmgr.core.jobs.queue import enqueue
from gridmgr.core.jobs.words import Kept, keep
from gridmgr.desk.lists import paging
from gridmgr.intake import bringing, shelf, steps
from gridmgr.intake.forms import UploadForm
from gridmgr.intake.models import Import, State
from gridmgr.intake.receiving import CappedUpload, take
from gridmgr.intake.record import another_runs
from gridmgr.intake.rights import importable, imports_of, may_export, may_import, require
from gridmgr.intake.undo import CannotUndo, take_back

PAGE_ROWS = 50


@require_GET
def hub(request: HttpRequest) -> HttpResponse:
    """`/data/`: the doors in and out, and the latest imports."""
    require(may_export(reader_of(request.user)))
    layers = importable(request.user)
    context = {
        "layers": [layer_named(name).title for name in layers],
        "latest": [steps.line_of(each) for each in _imports(request)[:5]] if layers else [],
    }
    return render(request, "data/hub.html", context)


@require_GET
def imports(request: HttpRequest) -> HttpResponse:
    """`/data/imports/`: who brought what in, when, what came of it."""
    require(bool(importable(request.user)))
    page = Paginator(_imports(request), PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "rows": [steps.line_of(each) for each in page.object_list],
        "page": page,
        "pages": paging(page, request.GET),
    }
    return render(request, "data/imports.html", context)


def _imports(request: HttpRequest) -> Any:
    return imports_of(request.user).defer("report")


def _seen(request: HttpRequest, pk: UUID) -> Import:
    """The import, when it is this person's to see and its layer theirs to change; else a 404."""
    require(bool(importable(request.user)))
    record: Import = get_object_or_404(imports_of(request.user), pk=pk)
    return record


# ── In ────────────────────────────────────────────────────────────────────────────────────────────────────


@csrf_exempt  # checked in _upload, once it is settled how the body is taken
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """`/data/import/?layer=`: a file comes; what is good about it is kept for the next step."""
    require(bool(importable(request.user)))
    capped = CappedUpload(request)
    request.upload_handlers = [capped]
    answer: HttpResponse = csrf_protect(_upload)(request, capped)
    return answer


def _upload(request: HttpRequest, capped: CappedUpload) -> HttpResponse:
    layers = importable(request.user)
    if request.method != "POST":
        return _upload_page(request, UploadForm(initial={"layer": request.GET.get("layer")}, layers=layers))
    form = UploadForm(request.POST, request.FILES, layers=layers, label_suffix="")
    if capped.too_large:
        form.errors.pop("file", None)
        most = Limits().file_bytes // MIB
        form.add_error(
            None, _("文件超过 %s MB,没有保存。请分成几个文件,或换 GeoPackage 等紧凑的格式。") % most
        )
        return _upload_page(request, form, status=TooMuch.status)
    if not form.is_valid():
        return _upload_page(request, form, status=400)
    asked = form.cleaned_data
    path = Path(asked["file"].temporary_file_path())
    given: dict[str, Any] = {"name": asked["file"].name, "layer": asked["layer"], "owner": _user(request)}
    try:
        record, was_read = take(path, inner=asked["inner"], **given)
        if not was_read:
            return _read_later(request, record, asked["inner"])
    except DomainError as error:
        form.add_error(None, str(error))
        return _upload_page(request, form, status=error.status)
    return _preview(request, record) if record.datum_stated else redirect(record)


def _read_later(request: HttpRequest, record: Import, inner: str) -> HttpResponse:
    """A worker reads the file that was put aside; when this person has too many jobs under way nothing is kept of it."""
    try:
        return _as_job(
            request, record, "import-read", keep(gettext_noop("读取 %s"), record.file_name), {"inner": inner}
        )
    except DomainError:
        bringing.drop(record)
        raise


def _upload_page(request: HttpRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    limits = Limits()
    most = {"most_mb": limits.file_bytes // MIB, "features": f"{limits.features:,}"}
    return render(request, "data/upload.html", {"form": form, **most}, status=status)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (the pages are closed to others)
    return request.user


@require_GET
def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`/data/import/<id>/`: the step at which this import is."""
    return _page(request, _seen(request, pk))


def _page(
    request: HttpRequest,
    record: Import,
    *,
    trouble: str = "",
    cannot: CannotUndo | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {**steps.context_of(request, record), "trouble": trouble, "cannot": cannot}
    context["may_undo"] = record.state == State.WRITTEN and may_import(request.user, record.layer)
    return render(request, f"data/{steps.template_of(record)}.html", context, status=status)


@require_POST
def choose_datum(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person says what the coordinates are in; then the preview is made."""
    record = _seen(request, pk)
    try:
        datum = datum_named(request.POST.get("datum") or request.POST.get("other", "")).code
    except DomainError as error:
        return _page(request, record, trouble=str(error), status=error.status)
    return _preview(request, record, datum=datum)


def _preview(request: HttpRequest, record: Import, *, datum: str = "") -> HttpResponse:
    title = keep(gettext_noop("预览 %s"), record.file_name)
    if _takes_long(record):
        return _as_job(request, record, "import-preview", title, {"datum": datum})
    try:
        bringing.preview(record, datum=datum)
    except DomainError as error:
        record.refresh_from_db()
        return _page(request, record, trouble=str(error), status=error.status)
    return redirect(record)


@require_POST
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Writes what was shown: all of it or nothing."""
    record = _seen(request, pk)
    require(may_import(request.user, record.layer))
    how: dict[str, Any] = {
        "shown": request.POST.get("fingerprint", ""),
        "skip_refused": "skip_refused" in request.POST,
    }
    if _takes_long(record):
        return _as_job(request, record, "import-write", keep(gettext_noop("写入 %s"), record.file_name), how)
    try:
        bringing.write(record, **how)
    except DomainError as error:
        record.refresh_from_db()
        return _page(request, record, trouble=str(error), status=error.status)
    messages.success(request, _("已写入。"))
    return redirect(record)


@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Takes the whole import back, or says what is in the way."""
    record = _seen(request, pk)
    require(may_import(request.user, record.layer))
    if record.state == State.WRITTEN and _takes_long(record):
        return _as_job(
            request, record, "import-undo", keep(gettext_noop("撤销导入 %s"), record.file_name), {}
        )
    try:
        take_back(record, by=_user(request))
    except DomainError as error:
        cannot = error if isinstance(error, CannotUndo) else None
        return _page(
            request, record, trouble="" if cannot else str(error), cannot=cannot, status=error.status
        )
    messages.success(request, _("已撤销整个导入,数据恢复原状。"))
    return redirect(record)


@require_POST
def drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forgets an import that was not written."""
    record = _seen(request, pk)
    try:
        bringing.drop(record)
    except Conflict as error:
        return _page(request, record, trouble=str(error), status=error.status)
    messages.success(request, _("已放弃,什么都没有写入。"))
    return redirect("data-upload")


def _takes_long(record: Import) -> bool:
    """Whether a step is a worker's: the file is large, or it would wait for another import and hold a thread."""
    return record.rows > bringing.ROWS_AT_ONCE or another_runs()


def _as_job(
    request: HttpRequest, record: Import, kind: str, title: Kept, how: dict[str, Any]
) -> HttpResponseRedirect:
    """Ask a worker to do it; its page shows the progress and leads back to the import."""
    args = {"import": str(record.pk), **how}
    job = enqueue(kind, owner=_user(request), title=title, args=args, origin=record.get_absolute_url())
    return redirect(job)


# ── Parts of the preview ──────────────────────────────────────────────────────────────────────────────────


@require_GET
def changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The shapes of what the import creates and changes, as GeoJSON for the preview's map."""
    return steps.as_json(shelf.shapes_of(_seen(request, pk).pk), "application/geo+json")


@require_GET
def refused(request: HttpRequest, pk: UUID, suffix: str) -> StreamingHttpResponse:
    """`/data/import/<id>/refused.csv` or `.json`: every refused row with field, value and reason."""
    return steps.refused_file(_seen(request, pk), suffix)

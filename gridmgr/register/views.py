"""The pages of a register: upload, columns, the list to look through, preview, confirming and taking back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.core.errors import DomainError, TooMuch
from gridmgr.core.importing.archives import MIB
from gridmgr.core.jobs.queue import enqueue
from gridmgr.core.jobs.slots import slot, with_retry
from gridmgr.core.jobs.words import keep
from gridmgr.desk.lists import paging
from gridmgr.intake.receiving import CappedUpload
from gridmgr.intake.record import another_runs
from gridmgr.register import columns as columns_of
from gridmgr.register import matching, placing, shelf, writing
from gridmgr.register.enums import PLACED, Stage, State
from gridmgr.register.forms import ColumnsForm, UploadForm
from gridmgr.register.models import Entry, Mapping, Register
from gridmgr.register.notes import notes_of
from gridmgr.register.pages import head_rows, headings_shown, marks, reader, register_of, shown, user_of
from gridmgr.register.rights import may_confirm
from gridmgr.register.rows import entries_of
from gridmgr.register.sheets import Sheet
from vendors.views.common import map_around

PAGE_ROWS = 50
LINKED = 20  # rows that are named one by one
LISTED = 100  # registers, the latest first
AT_ONCE = 100  # rows that are matched while the reader waits: about a second
WRITTEN_AT_ONCE = 30  # sites that are written so
HEAD_ROWS = 12  # rows among which the page lets choose the headings


@csrf_exempt  # checked in _upload, once it is settled how the body is taken
@require_http_methods(["GET", "POST"])
@never_cache
def registers(request: HttpRequest) -> HttpResponse:
    """`/data/register/`: the registers so far, and a new one."""
    reader(request)
    capped = CappedUpload(request)
    request.upload_handlers = [capped]
    answer: HttpResponse = csrf_protect(_upload)(request, capped)
    return answer


def _upload(request: HttpRequest, capped: CappedUpload) -> HttpResponse:
    if request.method != "POST":
        return _upload_page(request, UploadForm(label_suffix=""))
    form = UploadForm(request.POST, request.FILES, label_suffix="")
    if capped.too_large:
        form.errors.pop("file", None)
        form.add_error(None, _("文件超过 %s MB,没有保存。") % (shelf.LIMITS.file_bytes // MIB))
        return _upload_page(request, form, status=TooMuch.status)
    if not form.is_valid():
        return _upload_page(request, form, status=400)
    file = form.cleaned_data["file"]
    try:
        with slot():
            book = shelf.read_upload(Path(file.temporary_file_path()), name=file.name)
    except DomainError as error:
        form.add_error("file", str(error))
        return with_retry(_upload_page(request, form, status=error.status), error)
    with transaction.atomic():
        made = Register.objects.create(
            owner=user_of(request), sender=form.cleaned_data["sender"],
            file_name=file.name[-255:], notes=book.notes,
        )  # fmt: skip
        shelf.keep(book, made.pk)
    return redirect(made)


def _upload_page(request: HttpRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    every = Register.objects.select_related("owner", "record").annotate(rows=Count("entries"))
    rows = every.order_by("-created")[:LISTED]  # counting drops the model's own order
    context = {
        "form": form,
        "registers": rows,
        "senders": Mapping.objects.order_by("sender").values_list("sender", flat=True).distinct()[:200],
    }
    return render(request, "register/registers.html", context, status=status)


# ── Columns ───────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "POST"])
@never_cache
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """`/data/register/<id>/columns/?sheet=&header=`: which sheet, which row holds the headings, what each column is."""
    register = register_of(request, pk)
    if register.stage != Stage.MAPPING:
        return redirect("register", register.pk)
    book = shelf.taken_up(register.pk)
    sheet = book.named(request.GET.get("sheet", ""))
    header = _header(request, sheet)
    known = columns_of.remembered(register.sender, sheet, header)
    found = columns_of.headings(sheet, header, known)
    audience = reader(request)
    shown_columns = headings_shown(found, audience)
    form = ColumnsForm(request.POST if request.method == "POST" else None, columns=shown_columns)
    if request.method == "POST" and form.is_valid():
        return _take_in(request, register, sheet, header, form)
    context = {
        "register": register, "book": book, "sheet": sheet, "header": header, "form": form,
        "notes": notes_of(book.notes), "remembered": known is not None,
        "head_rows": head_rows(sheet, found, HEAD_ROWS, audience),
    }  # fmt: skip
    return render(request, "register/columns.html", context, status=422 if form.errors else 200)


def _header(request: HttpRequest, sheet: Sheet) -> int:
    asked = request.GET.get("header", "")
    if asked.isdecimal() and 1 <= int(asked) <= len(sheet.rows):
        return int(asked)
    return columns_of.guess_header_row(sheet)


def _take_in(
    request: HttpRequest, register: Register, sheet: Sheet, header: int, form: ColumnsForm
) -> HttpResponse:
    """Entries of the mapped columns; what isn't mapped goes with the shelf's copy."""
    roles = form.roles()
    columns_of.remember(register.sender, sheet, header, roles)
    with transaction.atomic():
        if register.locked().stage != Stage.MAPPING:  # the button was pressed twice
            return redirect("register", register.pk)
        register.sheet, register.header_row, register.stage = sheet.name, header, Stage.REVIEW
        register.columns = {
            columns_of.said(sheet.rows[header - 1][i]): role for i, role in roles.items() if role
        }
        for name in ("kind", "opens", "closes", "season_from", "season_to"):
            setattr(register, name, form.cleaned_data[name])
        register.save()
        entries = Entry.objects.bulk_create(entries_of(register, sheet, roles), batch_size=500)
    shelf.remove(register.pk)
    if len(entries) > AT_ONCE:
        title = keep(gettext_noop("对照登记表 %s"), register.file_name)
        origin = reverse("register", args=[register.pk])
        return redirect(
            enqueue(
                "register-match",
                owner=user_of(request),
                title=title,
                args={"register": register.pk},
                origin=origin,
            )
        )
    matching.match(register)
    return redirect("register", register.pk)


# ── Looking through ───────────────────────────────────────────────────────────────────────────────────────

SHOWN = ("all", State.UNSURE, State.UNMATCHED, State.MATCHED, State.PINNED, "left")


@require_GET
@never_cache
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """`/data/register/<id>/?show=&page=`: every row with what was understood, and what is left to do."""
    register, audience = register_of(request, pk), reader(request)
    if register.stage == Stage.MAPPING:
        return redirect(register)
    entries = list(register.entries.select_related("road"))
    groups = {name: [each for each in entries if _belongs(each, name)] for name in SHOWN}
    show = request.GET.get("show", "")
    show = show if show in groups else _first_to_do(groups) if register.stage == Stage.REVIEW else "all"
    page = Paginator(groups[show], PAGE_ROWS).get_page(request.GET.get("page"))
    ready = [each for each in entries if each.state in PLACED and each.quantity is not None]
    context = {
        "register": register,
        "tabs": [(name, _tab(name), len(rows)) for name, rows in groups.items()],
        "show": show,
        "rows": shown(page.object_list, audience),
        "page": page,
        "pages": paging(page, request.GET),
        "ready": len(ready),
        "lacking": sum(each.state in PLACED and each.quantity is None for each in entries),
        "lacking_rows": list(_lacking(entries))[:LINKED],
        "may_confirm": may_confirm(audience),
        "marks": marks(page.object_list),
        "map": map_around(request, [each.point for each in page.object_list if each.point]),
    }
    return render(request, "register/review.html", context)


def _lacking(entries: list[Entry]) -> Iterator[tuple[int, str]]:
    """Rows that have a place and no quantity yet, with the address at which each is shown."""
    for number, entry in enumerate(entries):
        if entry.state in PLACED and entry.quantity is None:
            yield entry.row, f"?show=all&page={number // PAGE_ROWS + 1}#row-{entry.row}"


def _belongs(entry: Entry, name: str) -> bool:
    if name == "left":
        return entry.state in (State.LEFT_OUT, State.REFUSED)
    return name == "all" or entry.state == name


def _first_to_do(groups: dict[Any, list[Entry]]) -> str:
    return next((str(name) for name in (State.UNSURE, State.UNMATCHED) if groups[name]), "all")


def _tab(name: str) -> str:
    return {"all": _("全部"), "left": _("不导入")}.get(name) or str(State(name).label)


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


@require_GET
@never_cache
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """`/data/register/<id>/preview/`: what would be proposed, changed and refused, with what the rules say."""
    register, audience = register_of(request, pk), reader(request)
    if register.stage != Stage.REVIEW:
        return redirect(register)
    return _preview_page(request, register, may_confirm(audience))


def _preview_page(
    request: HttpRequest, register: Register, may: bool, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    steps = placing.steps_of(register, on=timezone.localdate())
    context = {
        "register": register,
        "steps": steps,
        "counts": placing.counts_of(steps),
        "left": placing.left_behind(register),
        "illegal": sum(step.is_hard for step in steps),
        "token": placing.token_of(steps),
        "may_confirm": may,
        "trouble": trouble,
    }
    return render(request, "register/preview.html", context, status=status)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what was previewed."""
    register = register_of(request, pk)
    _require_confirm(request)
    token = request.POST.get("token", "")
    if register.entries.filter(state__in=PLACED).count() > WRITTEN_AT_ONCE or another_runs():
        args = {"register": register.pk, "token": token}
        title, origin = (
            keep(gettext_noop("写入登记表 %s"), register.file_name),
            reverse("register", args=[register.pk]),
        )
        return redirect(
            enqueue("register-write", owner=user_of(request), title=title, args=args, origin=origin)
        )
    try:
        record = writing.confirm(register, token=token, by=user_of(request))
    except DomainError as error:
        return _preview_page(request, register, True, trouble=str(error), status=error.status)
    words = _("已写入:新提出 %(created)s 处,改动 %(updated)s 处。") % record.counts
    messages.success(request, words)
    return redirect("register", register.pk)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the whole import back."""
    register = register_of(request, pk)
    _require_confirm(request)
    try:
        writing.undo(register, by=user_of(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已撤销整次导入。各行的定点还在,可改后再导入。"))
    return redirect("register", register.pk)


@require_POST
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a register away that was not imported."""
    register = register_of(request, pk)
    with transaction.atomic():
        if register.locked().stage == Stage.WRITTEN:
            messages.error(request, _("%s已导入。请先撤销导入,再删除。") % register)
            return redirect("register", register.pk)
        register.delete()
    shelf.remove(pk)
    messages.success(request, _("已删除登记表 %s。") % register.file_name)
    return redirect("registers")


def _require_confirm(request: HttpRequest) -> None:
    if not may_confirm(reader(request)):
        raise PermissionDenied

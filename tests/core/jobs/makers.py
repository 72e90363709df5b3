"""Jobs for tests: what a `make` may do, well and badly."""

import logging
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Invalid
from gridmgr.core.jobs.work import Product, Work


def letter(work: Work) -> Product:
    """A file in one step."""
    work.report(1, 1, "写信")
    path = work.folder / "made"
    path.write_text(work.args.get("text", "你好"), encoding="utf-8")
    return Product(path, "信 简报.txt", "text/plain", f"给{work.owner.username}的信")


def slow(work: Work) -> Product:
    """Half a file, then a step about every 50 ms for `seconds`; the file is whole only after them."""
    path = work.folder / "made"
    path.write_text("half", encoding="utf-8")
    steps = int(work.args.get("seconds", 60) * 20)
    for step in range(steps):
        work.report(step, steps, f"第 {step} 步")
        time.sleep(0.05)
    path.write_text("half and whole", encoding="utf-8")
    return Product(path, "slow.txt", "text/plain")


def deaf(work: Work) -> Product:
    """Never reports, and takes no notice of a cancel; its own child process neither."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    Path(work.args["pids"]).write_text(f"{os.getpid()} {child.pid}", encoding="ascii")
    time.sleep(60)
    return Product()


def swallows(work: Work) -> Product:
    """Catches even a cancel, as some libraries do, and hands over what it has by then."""
    path = work.folder / "made"
    path.write_text("half", encoding="utf-8")
    work.report(1, 2, "一半")
    with suppress(BaseException):
        time.sleep(60)
    return Product(path, "half.txt", "text/plain")


def refused(work: Work) -> Product:
    raise Invalid("没有编号为 99 的支部。")


def broken(work: Work) -> Product:
    raise RuntimeError("password=hunter2 in the traceback")


def disk_full(work: Work) -> Product:
    """A real ENOSPC, as a library would pass it on."""
    try:
        Path("/dev/full").write_text("x", encoding="ascii")
    except OSError as error:
        raise RuntimeError("could not save the workbook") from error
    return Product()


def hungry(work: Work) -> Product:
    """Two gigabytes at once."""
    return Product(words=str(len(bytearray(2 << 30))))


def dies_once(work: Work) -> Product:
    """Killed from outside in its first attempt, as the kernel does when memory is short."""
    mark = Path(work.args["mark"])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return letter(work)


def dies_always(work: Work) -> Product:
    os.kill(os.getpid(), signal.SIGKILL)
    return Product()


def counts_runs(work: Work) -> Product:
    """Leaves one line per run in a file."""
    with Path(work.args["runs"]).open("a", encoding="ascii") as file:
        file.write(f"{work.args['number']}\n")
    time.sleep(0.05)
    return Product(words="counted")


def long_transaction(work: Work) -> Product:
    """Reports from inside a transaction that nobody else can look into."""
    with transaction.atomic():
        User.objects.filter(pk=work.owner.pk).update(last_name="inside")
        work.report(1, 2, "在\0事务里")
        time.sleep(1.5)
    return Product(words="committed")


def writes(work: Work) -> Product:
    """Adds one letter to its owner's name and ends its job with that; waits at the place that it is told."""
    product = Product(words="committed")
    with transaction.atomic():
        User.objects.filter(pk=work.owner.pk).update(last_name=Concat("last_name", Value("x")))
        _wait(work, "before")
        work.seal(product)
        _wait(work, "sealed")
    _wait(work, "after")
    return product


def _wait(work: Work, place: str) -> None:
    """At that place, in the first attempt: leaves the process's number, goes on when told."""
    reached, go_on = (Path(work.args["room"]) / name for name in ("reached", "go-on"))
    if work.args["at"] == place and not reached.exists():
        reached.write_text(str(os.getpid()), encoding="ascii")
        while not go_on.exists():
            time.sleep(0.02)


def typesets(work: Work) -> Product:
    """A briefing whose maps are drawn already, but take long to lay out and to paint."""
    from gridmgr.briefing.pdf import pdf
    from tests.briefing.dossiers import branch, dossier

    lines = "".join(f'<path d="M{x} 0V9" stroke="#b00"/>' for x in range(2000))
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2000 9">{lines}</svg>'.encode()
    maps: Any = SimpleNamespace(city=lambda *_: picture, branch=lambda *_: picture)
    whole = dossier(*(branch(f"{code:02}") for code in range(1, 13)))
    path = work.folder / "made"
    path.write_bytes(pdf(whole, maps, work.report))
    return Product(path, "a.pdf", "application/pdf")


def loses_database(work: Work) -> Product:
    """Its connection is cut in its first attempt, as when the server is restarted."""
    mark = Path(work.args["mark"])
    first = not mark.exists()
    mark.touch()
    with connection.cursor() as cursor:
        if first:
            logging.disable()
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        cursor.execute("SELECT 1")
    return letter(work)

"""Heavy work in pages: so many at one time, the next is told to come back, a slot outlives nobody."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.slots import Full, slot
from gridmgr.core.jobs.work import Work
from gridmgr.intake import work
from gridmgr.intake.models import Import
from gridmgr.register.models import Register
from tests.conftest import Town
from tests.core.jobs.worker import ROOT

MAP = {
    "scope": "city",
    "format": "svg",
    "paper": "a4",
    "orientation": "auto",
    "date": "2026-11-22",
    "layers": "bays",
}
LAYER = "/data/export/file?layer=bays&format=.csv&datum=wgs84"
HOLDER = """
import time
from django.conf import settings
settings.configure(VAR_DIR={var!r}, GRIDMGR_HEAVY_AT_ONCE={most})
from gridmgr.core.jobs.slots import slot
with slot():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def two(settings: Any) -> None:
    settings.GRIDMGR_HEAVY_AT_ONCE = 2


@contextmanager
def held(var: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds a slot, as another of the web server's workers would."""
    program = HOLDER.format(var=str(var), most=2)
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


def test_two_at_once_a_third_is_refused_and_a_dead_process_holds_none(var: Path) -> None:
    with held(var) as other:
        with slot(), pytest.raises(Full, match="过几秒再试"), slot():
            pass
        with slot():  # the refused one took nothing with it
            other.kill()
            other.wait()
            with slot(), pytest.raises(Full), slot():
                pass


@pytest.mark.django_db
def test_map_and_layer_of_the_third_are_put_off_in_words_with_the_form_as_it_was(
    client_as: Any, town: Town, var: Path
) -> None:
    client = client_as("planner")
    with ExitStack() as taken:
        taken.enter_context(slot())
        assert client.post("/export/map/", MAP)["Content-Type"] == "image/svg+xml"
        assert client.get(LAYER).status_code == 200
        taken.enter_context(slot())
        put_off = [client.post("/export/map/", MAP), client.get(LAYER)]
    for answer in put_off:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "服务器正忙于其他地图和数据文件" in answer.content.decode()
    form = put_off[0].context["form"]
    assert {name: form[name].value() for name in ("scope", "format", "paper")} == {
        "scope": "city", "format": "svg", "paper": "a4",
    }  # fmt: skip
    assert 'value="bays" selected' in put_off[1].content.decode()
    assert client.post("/export/map/", MAP).status_code == 200


@pytest.mark.django_db
def test_upload_while_all_are_taken_is_read_by_a_worker(client_as: Any, town: Town, tmp_path: Path) -> None:
    client = client_as("planner")
    sheet = b"".join(client.get(LAYER).streaming_content)
    with slot(), slot():
        file = SimpleUploadedFile("泊位.csv", sheet)
        answer = client.post("/data/import/", {"layer": "bays", "file": file})
    job, record = Job.objects.get(), Import.objects.get()
    assert (answer["Location"], job.kind, record.rows) == (job.get_absolute_url(), "import-read", 0)
    work.read(Work(job.args, client.user, tmp_path))
    record.refresh_from_db()
    assert (record.state, record.rows) == ("previewed", 2)


@pytest.mark.django_db
def test_register_while_all_are_taken_is_put_off_and_nothing_stored(client_as: Any) -> None:
    client = client_as("planner")
    with slot(), slot():
        file = SimpleUploadedFile("登记.csv", "街道,点位\n东西街,路口\n".encode())
        answer = client.post("/data/register/", {"sender": "某街道办", "file": file})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.context["form"]["sender"].value() == "某街道办"
    assert not Register.objects.exists()

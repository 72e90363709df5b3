"""A frame laid down in a folder by one process and taken up by another: JSON and WKB, nothing that could run."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.datums import datum_named
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, parse_crs

ANSWER = "answer.json"


def put_frame(frame: Frame, folder: Path) -> None:
    """Lay a frame down; dates and times become ISO text, which imports read as well.

    Raises Unreadable for text that isn't Unicode, such as half a pair of surrogates.
    """
    said: dict[str, Any] = {
        "layer": frame.layer,
        "columns": dict(frame.columns),
        "datum": frame.datum.code if frame.datum else None,
        "crs": frame.crs.to_wkt() if frame.crs is not None else None,
        "by_default": frame.by_default,
        "about": frame.about,
        "troubles": {str(index): trouble for index, trouble in frame.troubles.items()},
        "notes": frame.notes,
        "has_geometry": frame.geometry is not None,
    }
    if frame.geometry is not None:
        parts = [wkb or b"" for wkb in shapely.to_wkb(frame.geometry).tolist()]
        np.save(folder / "lengths.npy", np.array([len(part) for part in parts], dtype=np.int64))
        (folder / "shapes.wkb").write_bytes(b"".join(parts))
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        text = orjson.dumps(said, default=str, option=options)
    except TypeError:
        raise Unreadable(
            _("文件里有残缺的 Unicode 字符,存不下来,什么都没有读入。请改正文字后重新导出。")
        ) from None
    (folder / ANSWER).write_bytes(text)


def frame_from(folder: Path) -> Frame:
    """Take up the frame that `put_frame` laid down."""
    said = orjson.loads((folder / ANSWER).read_bytes())
    return Frame(
        layer=said["layer"],
        columns=said["columns"],
        geometry=_shapes_from(folder) if said["has_geometry"] else None,
        datum=datum_named(said["datum"]) if said["datum"] else None,
        crs=parse_crs(said["crs"]) if said["crs"] else None,
        by_default=said["by_default"],
        about=said["about"],
        troubles={int(index): (value, reason) for index, (value, reason) in said["troubles"].items()},
        notes=said["notes"],
    )


def _shapes_from(folder: Path) -> np.ndarray:
    lengths = np.load(folder / "lengths.npy", allow_pickle=False)
    content = (folder / "shapes.wkb").read_bytes()
    ends = np.cumsum(lengths)
    parts = np.empty(len(lengths), dtype=object)
    for index, (end, length) in enumerate(zip(ends.tolist(), lengths.tolist(), strict=True)):
        parts[index] = content[end - length : end] or None
    return shapely.from_wkb(parts)

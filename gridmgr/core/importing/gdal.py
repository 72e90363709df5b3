"""One layer of a file through GDAL, by columns, with all that GDAL remarked on the way."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, about_of, parse_crs, without_midnight
from gridmgr.core.importing.messages import broken, curved, not_readable

# What GDAL hands out: the CRS as text, the rows' ids, geometries as WKB, columns of Python values.
_FromGdal = tuple[str, np.ndarray, np.ndarray | None, dict[str, Sequence[Any]]]
# Dates and moments are not among them: Arrow would move those with a zone.
_PLAIN_TYPES = frozenset(["OFTString", "OFTInteger", "OFTInteger64", "OFTReal"])


def layers_of(path: Path) -> dict[str, str]:
    """Name and type of geometry of each layer, '' for one without; raises Unreadable."""
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong is said when the layer is read
            return {str(name): str(kind or "") for name, kind in pyogrio.list_layers(path)}
    except pyogrio.errors.DataSourceError as error:
        raise broken(path, error) from None


def read_layer(
    path: Path, layer: str, *, about_key: str = "", encoding: str | None = None, **options: str
) -> Frame:
    """One layer, the first when none is named; `about_key` is where its metadata hold the mark of our own exports.

    Raises Unreadable.
    """
    import pyogrio

    try:
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            # What asks for an encoding or options has no mark of ours and is read the slow, patient way.
            said = {} if encoding or options else pyogrio.read_info(path, layer=layer or None)
            read = _by_arrow if said and set(said["ogr_types"]) <= _PLAIN_TYPES else _by_numpy
            crs, ids, geometry, columns = read(path, layer or None, encoding=encoding, **options)
    except UnicodeDecodeError as error:
        raise Unreadable(
            _("%(path)s 的文字不是 %(encoding)s 编码。请转为 UTF-8 后重新导出。")
            % {"path": path.name, "encoding": error.encoding}
        ) from None
    except (RuntimeError, IndexError, ValueError, OSError) as error:  # pyogrio's own are RuntimeErrors
        raise broken(path, error) from None
    frame = Frame(layer or path.stem, columns, None, crs=_crs(crs), refs=ids.tolist())
    frame.notes = list(dict.fromkeys(f"GDAL: {remark.message}" for remark in remarks))
    frame.geometry = None if geometry is None else shapes_of(geometry, frame)
    frame.about = about_of((said.get("layer_metadata") or {}).get(about_key)) if about_key else {}
    return frame


def _by_arrow(path: Path, layer: str | None, **options: Any) -> _FromGdal:
    """In a fifth of the time that `_by_numpy` takes."""
    from pyogrio.raw import read_arrow

    meta, table = read_arrow(path, layer=layer, return_fids=True, **options)
    columns = {str(name): table.column(str(name)).to_pylist() for name in meta["fields"]}
    for name, values in columns.items():
        if float in set(map(type, values)):
            columns[name] = [None if value != value else value for value in values]
    place = meta["geometry_name"] or "wkb_geometry"
    geometry = table.column(place).to_numpy() if place in table.column_names else None
    return meta["crs"], table.column(0).to_numpy(), geometry, columns


def _by_numpy(path: Path, layer: str | None, **options: Any) -> _FromGdal:
    from pyogrio.raw import read

    meta, ids, geometry, columns = read(path, layer=layer, return_fids=True, **options)
    names = map(str, meta["fields"])
    return meta["crs"], ids, geometry, {name: _plain(each) for name, each in zip(names, columns, strict=True)}


def _plain(column: np.ndarray) -> list[Any]:
    """Python values, with None where there is none: GDAL hands out NaN and NaT for missing numbers and dates."""
    if column.dtype.kind == "M":
        return [
            None if value is None else without_midnight(value)
            for value in column.astype("datetime64[s]").tolist()
        ]
    values = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return values


def shapes_of(wkb: np.ndarray, frame: Frame) -> np.ndarray:
    """Shapely geometries; a row whose bytes can't be read is noted as a trouble."""
    with np.errstate(invalid="ignore"):  # NaN is refused later, in words
        try:
            return shapely.from_wkb(wkb)
        except (shapely.errors.GEOSException, NotImplementedError):  # the latter for curves
            return _shapes_one_by_one(wkb, frame)


def _shapes_one_by_one(wkb: np.ndarray, frame: Frame) -> np.ndarray:
    shapes = np.full(len(wkb), None, dtype=object)
    for index, part in enumerate(wkb):
        try:
            shapes[index] = shapely.from_wkb(part)
        except shapely.errors.GEOSException:
            frame.troubles[index] = ("WKB", not_readable())
        except NotImplementedError:
            frame.troubles[index] = ("WKB", curved())
    return shapes


def _crs(text: str | None) -> Any:
    """The CRS of a layer, None for a plane of its own that lies nowhere on Earth."""
    if not text or text.startswith(("ENGCRS", "LOCAL_CS")) or "Undefined" in text:
        return None
    return parse_crs(text)

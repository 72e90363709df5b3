"""The one reader of files: a data file as columns and one array of geometries, coordinates as in the file."""

import stat
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from gridmgr.core.importing import archives
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, stated
from gridmgr.core.importing.geojson import read_geojson
from gridmgr.core.importing.gis_files import read_flatgeobuf, read_geopackage, read_kml, read_parquet
from gridmgr.core.importing.osm import read_osm, read_pbf
from gridmgr.core.importing.shapefile import read_shapefile, read_zip
from gridmgr.core.importing.sheet_files import read_csv, read_xlsx

# Formats of layers, and of networks of roads.
SUFFIXES = (".gpkg", ".geojson", ".json", ".zip", ".shp", ".kml", ".fgb", ".parquet", ".csv", ".xlsx")
ROAD_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".osm", ".pbf")


def read_frame(path: str | Path, *, layer: str = "", limits: archives.ArchiveLimits | None = None) -> Frame:
    """A layer's data file with the datum that it states; `limits` are those of archives.

    Raises Unreadable when it can't be taken as a whole.
    """
    path = existing(Path(path))
    if path.suffix.lower() not in SUFFIXES:
        raise Unreadable(
            _("不认识文件 %(path)s 的格式。可导入:%(all)s。")
            % {"path": path.name, "all": _("、").join(SUFFIXES)}
        )
    return stated(_read(path, layer=layer, limits=limits))


def read_network(
    path: str | Path, *, kinds: Collection[str], layer: str = "", favourites: Sequence[str] = ()
) -> Frame:
    """A file of roads or areas, its CRS as it says and no more; raises as `read_frame`.

    `kinds` are the geometry types wanted; `favourites` are names of layers to take when a file has several fit ones.
    """
    path = existing(Path(path))
    if path.suffix.lower() not in ROAD_SUFFIXES:
        raise Unreadable(
            _("不认识文件 %s 的格式。可导入:.geojson、.json、.gpkg、.shp、.osm、.osm.pbf(压缩包请先解压)。")
            % path
        )
    return _read(path, layer=layer, kinds=kinds, favourites=favourites)


def existing(path: Path) -> Path:
    """The path of a file that is there, has something in it and can be read; raises Unreadable for others."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable(_("%s 是文件夹,不是文件。请指定其中的一个文件。") % path)
        if not stat.S_ISREG(mode):
            raise Unreadable(_("%s 不是普通文件。请先存为文件再导入。") % path)
        with path.open("rb") as stream:
            if not stream.read(1):
                raise Unreadable(_("%s 是空文件(0 字节)。请重新导出。") % path)
    except FileNotFoundError:
        raise Unreadable(_("找不到文件 %s。请检查路径和文件名。") % path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise Unreadable(
            _("读不了文件 %(path)s(%(why)s)。请检查文件名和权限。") % {"path": path, "why": error}
        ) from None
    return path


def _read(
    path: Path,
    *,
    layer: str = "",
    kinds: Collection[str] = (),
    favourites: Sequence[str] = (),
    limits: archives.ArchiveLimits | None = None,
) -> Frame:
    readers: dict[str, Callable[[], Frame]] = {
        ".gpkg": lambda: read_geopackage(path, layer=layer, kinds=kinds, favourites=favourites),
        ".geojson": lambda: read_geojson(path),
        ".json": lambda: read_geojson(path),
        ".zip": lambda: read_zip(path, layer=layer, limits=limits),
        ".shp": lambda: read_shapefile(path),
        ".kml": lambda: read_kml(path, layer=layer),
        ".fgb": lambda: read_flatgeobuf(path),
        ".parquet": lambda: read_parquet(path),
        ".csv": lambda: read_csv(path),
        ".xlsx": lambda: read_xlsx(path, layer=layer, limits=limits),
        ".osm": lambda: read_osm(path),
        ".pbf": lambda: read_pbf(path),
    }
    return readers[path.suffix.lower()]()

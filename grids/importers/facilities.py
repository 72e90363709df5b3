"""Files of what placement rules measure to: junctions, bus stops, hydrants, footways and the rest."""

from gridmgr.core.importing.layers import Importer
from grids.enums import FacilityKind
from grids.importers.layers import same
from grids.models import Facility

POINT_OR_AREA = ("Point", "Polygon", "MultiPolygon")
AREA = ("Polygon", "MultiPolygon")
# Layer → the kind of facility, and what its shape may be.
LAYERS: dict[str, tuple[FacilityKind, tuple[str, ...]]] = {
    "junctions": (FacilityKind.JUNCTION, POINT_OR_AREA),
    "crossings": (FacilityKind.CROSSING, (*POINT_OR_AREA, "LineString")),
    "bus-stops": (FacilityKind.BUS_STOP, (*POINT_OR_AREA, "LineString")),
    "hydrants": (FacilityKind.HYDRANT, ("Point",)),
    "fire-stations": (FacilityKind.FIRE_STATION, POINT_OR_AREA),
    "fuel-stations": (FacilityKind.FUEL_STATION, POINT_OR_AREA),
    "fire-lanes": (FacilityKind.FIRE_LANE, ("LineString", "MultiLineString", *AREA)),
    "no-vending-areas": (FacilityKind.NO_VENDING, AREA),
    "footways": (FacilityKind.FOOTWAY, ("LineString",)),
}


def _importer(layer: str, kind: FacilityKind, shapes: tuple[str, ...]) -> Importer:
    width = {"width_m": "width_m"} if kind == FacilityKind.FOOTWAY else {}
    return Importer(
        layer=layer,
        model=Facility,
        key=["source_id"],
        needed=["source_id", *width],
        match=same("source_id"),
        columns={"source_id": "source_id", "name": "name", **width, "source": "source", "demo": "is_demo"},
        constants={"kind": kind.value},
        geometry="shape",
        shapes=shapes,
    )


FACILITIES = [_importer(layer, kind, shapes) for layer, (kind, shapes) in LAYERS.items()]

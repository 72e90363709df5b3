"""Files of what placement rules measure to: junctions, bus stops, hydrants, footways and the rest."""

from gridmgr.core.importing.layers import Importer
from grids import layers
from grids.enums import FacilityKind
from grids.importers.layers import same
from grids.models import Facility

POINT_OR_AREA = ("Point", "Polygon", "MultiPolygon")
AREA = ("Polygon", "MultiPolygon")
# Layer → the kind of facility, and what its shape may be.
LAYERS: dict[str, tuple[FacilityKind, tuple[str, ...]]] = {
    layers.JUNCTIONS.name: (FacilityKind.JUNCTION, POINT_OR_AREA),
    layers.CROSSINGS.name: (FacilityKind.CROSSING, (*POINT_OR_AREA, "LineString")),
    layers.BUS_STOPS.name: (FacilityKind.BUS_STOP, (*POINT_OR_AREA, "LineString")),
    layers.HYDRANTS.name: (FacilityKind.HYDRANT, ("Point",)),
    layers.FIRE_STATIONS.name: (FacilityKind.FIRE_STATION, POINT_OR_AREA),
    layers.FUEL_STATIONS.name: (FacilityKind.FUEL_STATION, POINT_OR_AREA),
    layers.FIRE_LANES.name: (FacilityKind.FIRE_LANE, ("LineString", "MultiLineString", *AREA)),
    layers.NO_VENDING_AREAS.name: (FacilityKind.NO_VENDING, AREA),
    layers.FOOTWAYS.name: (FacilityKind.FOOTWAY, ("LineString",)),
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

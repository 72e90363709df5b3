"""Outside fields → model fields: `import_roads` for the road network, `import_backdrop` for the basemap."""

from grids.domain.network import ROAD_CLASSES
from grids.importers.backdrop import import_backdrop
from grids.importers.roads import import_roads

__all__ = ["ROAD_CLASSES", "import_backdrop", "import_roads"]

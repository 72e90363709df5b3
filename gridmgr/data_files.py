"""Which layers a data file can bring in, and which of a layer's rows are one branch's: for commands and pages."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from gridmgr.catalog import layer_named
from gridmgr.core.errors import Invalid, NotThere
from gridmgr.core.importing.layers import Importer
from gridmgr.core.layers.base import Layer, Text
from gridmgr.core.layers.extract import file_fields
from grids.importers.facilities import FACILITIES
from grids.importers.layers import BRANCHES, SECTIONS
from grids.layers import ROADS
from grids.models import Branch
from parking.importers import BAYS, DROP_OFF_POINTS, PANDA_LANES, SCHOOLS
from vendors.importers import PITCHES, SITES

# In the order in which a whole city comes in: each needs those before it (and the roads, by import_roads).
IMPORTERS = {
    each.layer: each
    for each in (
        *(BRANCHES, SECTIONS, SCHOOLS, BAYS, PANDA_LANES, DROP_OFF_POINTS, SITES, PITCHES),
        *FACILITIES,
    )
}


def importer_named(name: str) -> Importer:
    """The importer of that layer's files; raises Invalid for a layer that can't be imported so."""
    layer_named(name)
    if name == ROADS.name:
        raise Invalid(_("道路由专门的命令导入:script/manage import_roads 文件。"))
    if name not in IMPORTERS:
        raise Invalid(
            _("图层 %(name)s 不能导入。可导入:%(all)s。") % {"name": name, "all": _("、").join(IMPORTERS)}
        )
    return IMPORTERS[name]


def labels_of_layer(name: str) -> dict[str, Text]:
    """The fields of a layer's files with the labels by which sheets head them."""
    return {each.name: each.label for each in file_fields(layer_named(name))}


def of_branch(layer: Layer, code: str, on: date) -> Q:
    """The rows of a layer that are a branch's on that day: its own, or what stands on its sections.

    Raises NotThere when there is no such branch, Invalid for a layer that isn't shared out among branches.
    """
    branch = Branch.objects.filter(code=code).first()
    if branch is None:
        raise NotThere(_("没有编号为 %s 的支部。") % code)
    if layer.of_branch is None:
        raise Invalid(_("图层 %s 不按支部划分。") % layer.name)
    return Q(pk__in=layer.of_branch(layer.models[0]._default_manager.all(), branch, on).values("pk"))

"""The pages that people open."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from gridmgr.desk import branch, detail, home, lists, my, road, search, section
from gridmgr.desk import map as city


class BranchCode(StringConverter):
    regex = r"\d{2,4}"


class PlaceCode(StringConverter):
    """Code of a site or a drop-off point."""

    regex = r"[A-Z0-9-]+"


register_converter(BranchCode, "branch_code")
register_converter(PlaceCode, "place_code")

urlpatterns = [
    path("", include("gridmgr.desk.section_urls")),
    path("", home.home, name="home"),
    path("map/", city.city_map, name="map"),
    path("my/", my.my_roads, name="my"),
    path("branches/", lists.layer_list, {"layer": "branches"}, name="branches"),
    path("branches/<branch_code:code>/", branch.branch, name="branch"),
    path("roads/", lists.layer_list, {"layer": "roads"}, name="roads"),
    path("roads/gaps/", road.gaps, name="gaps"),
    path("roads/<int:pk>/", road.road, name="road"),
    path("sections/", lists.layer_list, {"layer": "sections"}, name="sections"),
    path("sections/<int:pk>/", section.section, name="section"),
    path("sites/", lists.layer_list, {"layer": "sites"}, name="sites"),
    path("sites/<place_code:key>/", detail.detail, {"layer": "sites"}, name="site"),
    path("pitches/", lists.layer_list, {"layer": "pitches"}, name="pitches"),
    path("pitches/<int:key>/", detail.detail, {"layer": "pitches"}, name="pitch"),
    path("schools/", lists.layer_list, {"layer": "schools"}, name="schools"),
    path("schools/<int:key>/", detail.detail, {"layer": "schools"}, name="school"),
    path("panda-lanes/", lists.layer_list, {"layer": "panda-lanes"}, name="panda-lanes"),
    path("panda-lanes/<int:key>/", detail.detail, {"layer": "panda-lanes"}, name="panda-lane"),
    path("drop-off-points/", lists.layer_list, {"layer": "drop-off-points"}, name="drop-off-points"),
    path(
        "drop-off-points/<path:key>/",
        detail.detail,
        {"layer": "drop-off-points"},
        name="drop-off-point",
    ),
    path("bays/", lists.layer_list, {"layer": "bays"}, name="bays"),
    path("bays/<path:key>/", detail.detail, {"layer": "bays"}, name="bay"),
    path("go/<slug:layer>/<str:key>/", detail.way, name="way"),
    path("search/", search.results, name="search"),
    path("search/suggest", search.suggest, name="suggest"),
]

"""The pages that people open: the list and the page of each layer that declares one, and those of their own."""

from collections.abc import Iterator

from django.urls import URLPattern, include, path
from django.utils.module_loading import import_string

from gridmgr.catalog import LAYERS
from gridmgr.core.layers.base import Layer
from gridmgr.desk import converters as _converters  # noqa: F401 (registers what keys in addresses look like)
from gridmgr.desk import detail, go_live, home, lists, my, road, search
from gridmgr.desk import map as city


def pages_of(layer: Layer) -> Iterator[URLPattern]:
    """The list and the page of a layer, as far as it has them."""
    given = {"layer": layer.name}
    if layer.listing:
        yield path(f"{layer.name}/", lists.layer_list, given, name=layer.name)
    if layer.page:
        address = f"{layer.name}/{layer.page.pattern}/"
        if layer.page.view:
            yield path(address, import_string(layer.page.view), name=layer.route)
        else:
            yield path(address, detail.detail, given, name=layer.route)


urlpatterns = [
    path("", include("gridmgr.desk.section_urls")),
    path("", home.home, name="home"),
    path("map/", city.city_map, name="map"),
    path("my/", my.my_roads, name="my"),
    path("roads/gaps/", road.gaps, name="gaps"),
    *(page for layer in LAYERS for page in pages_of(layer)),
    path("go/<slug:layer>/<str:key>/", detail.way, name="way"),
    path("go-live/", go_live.page, name="go-live"),
    path("search/", search.results, name="search"),
    path("search/suggest", search.suggest, name="suggest"),
]

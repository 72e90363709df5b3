"""Our Folium elements. Imported only when a map is drawn: folium is heavy."""

from functools import lru_cache
from typing import Any

import branca.element
import folium
import folium.map
from folium.template import Template

# Branca compiles the text of each element anew, a third of what a page with a map costs; the same text is the same template.
branca.element.Template = lru_cache(maxsize=256)(branca.element.Template)  # type: ignore[assignment, misc]


class PageMap(folium.Map):
    """A Leaflet map inside a page of the site: none of Folium's links to other hosts, no Bootstrap, no jQuery.

    The page brings Leaflet and map.js itself and sizes the map with its own stylesheet.
    """

    default_js: list[tuple[str, str]] = []
    default_css: list[tuple[str, str]] = []
    _template = Template(
        """
        {% macro html(this, kwargs) %}<div class="map" id={{ this.get_name()|tojson }}></div>{% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridmgr.map({{ this.get_name()|tojson }}, Object.assign({{ this.page|tojson }}, {{ this.own }}));
        {% endmacro %}
        """
    )

    def __init__(self, *, element_id: str, page: dict[str, Any], own: str) -> None:
        """`page`: the options that map.js takes; `own`: a script's expression for those that are this page's alone."""
        super().__init__(tiles=None)
        self._id = element_id
        self.page = page
        self.own = own


class TileGroup(folium.map.Layer):
    """Layers that come in one vector tile, drawn on one canvas in their order; map.js puts it on the map when it is wanted."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridmgr.tileGroup({{ this._parent.get_name() }}, {{ this.spec|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, element_id: str, spec: dict[str, Any]) -> None:
        super().__init__(name=element_id, overlay=True, control=False, show=False)
        self._id = element_id
        self.spec = spec


class Overlay(folium.map.Layer):
    """One layer of a tile group, with its markers: what the reader switches on and off in the layer control."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gridmgr.overlay({{ this.group.get_name() }}, {{ this.spec|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, group: TileGroup, spec: dict[str, Any], *, title: str, show: bool) -> None:
        super().__init__(name=title, overlay=True, control=True, show=show)
        self._id = spec["name"].replace("-", "_")
        self.group = group
        self.spec = spec


class LayerSwitches(folium.LayerControl):
    """The layer control, in groups. Its id is given: a random one would make each file of the same data another."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            gridmgr.switches({
                {%- for title, layer in this.overlays.items() %}
                {{ title|tojson }}: {{ layer }},
                {%- endfor %}
            }).addTo({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, element_id: str) -> None:
        super().__init__(position="topright", collapsed=True)
        self._id = element_id

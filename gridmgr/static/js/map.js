/* The maps of gridmgr: vector tiles drawn on a canvas inside Leaflet.
 *
 * Folium's script calls gridmgr.map, gridmgr.tileGroup and gridmgr.overlay with specifications made from the layer
 * declarations (gridmgr/core/layers/maps.py).
 */

import { choose, hitAt } from "./map/choose.js";
import { addLegend } from "./map/legend.js";
import { Overlay, Switches } from "./map/overlays.js";
import { page, setPage } from "./map/page.js";
import { NUMBERS_FROM } from "./map/pen.js";
import { addSearch } from "./map/search.js";
import { addGroup } from "./map/tiles.js";
import { overlaysOf, rememberView, setView, showAskedLayers } from "./map/view.js";

const HOVER_MS = 60;

/**
 * @param {string} id
 * @param {PageSpec} specification
 */
function makeMap(id, specification) {
  setPage(specification);
  const bare = L.map(id, {
    zoomControl: false, minZoom: 9, maxZoom: 20, zoomSnap: 0.5, wheelPxPerZoomLevel: 90,
    attributionControl: false,
  });
  const map = Object.assign(bare, { gridmgr: { page, groups: [], notice: null } });
  L.control.attribution({ prefix: false, position: "bottomright" }).addAttribution(page.attribution).addTo(map);
  L.control.scale({ imperial: false, position: "bottomright", maxWidth: 120 }).addTo(map);
  L.control.zoom({ position: "bottomright", zoomInTitle: page.words.zoom_in, zoomOutTitle: page.words.zoom_out })
    .addTo(map);
  wait(map);
  setView(map);
  map.on("click", (event) => choose(map, event));
  const closeness = () => map.getContainer().classList.toggle("map-far", map.getZoom() < NUMBERS_FROM);
  map.on("zoomend", closeness);
  closeness();
  showWhatOpens(map);
  if (page.full) {
    addSearch(map);
    addLegend(map);
  }
  window.gridmgr.current = map;
  window.setTimeout(() => ready(map), 0);
  return map;
}

/**
 * Until the first tiles are there the box says so; an open popup has the map to itself.
 * @param {GridMap} map
 */
function wait(map) {
  const box = map.getContainer();
  box.dataset.waiting = page.words.loading;
  box.classList.add("map-waiting");
  map.on("popupopen popupclose", (event) => box.parentElement?.classList.toggle("map-popup", event.type === "popupopen"));
}

/**
 * The pointer says over what a click opens something.
 * @param {GridMap} map
 */
function showWhatOpens(map) {
  let last = 0;
  map.on("mousemove", (event) => {
    const now = Date.now();
    if (now - last <= HOVER_MS) { return; }
    last = now;
    map.getContainer().classList.toggle("over-feature", Boolean(hitAt(map, event.latlng)));
  });
}

/**
 * Runs once Folium's script has added every layer.
 * @param {GridMap} map
 */
function ready(map) {
  for (const overlay of overlaysOf(map)) { overlay.startsOn = map.hasLayer(overlay); }
  showAskedLayers(map);
  if (page.full) { map.on("moveend overlayadd overlayremove", () => rememberView(map)); }
  document.dispatchEvent(new CustomEvent("gridmgr:map", { detail: map }));
}

window.gridmgr = {
  map: makeMap,
  tileGroup: addGroup,
  switches: (overlays) => new Switches({}, overlays, { collapsed: true }),
  overlay: (group, spec) => new Overlay(group, spec),
  current: null,
};

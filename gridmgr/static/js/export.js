/* What one sees goes along: the link beside the map takes the present view, layers and date with it. */

import { one, whenMapped } from "./dom.js";
import { overlaysOf } from "./map/view.js";

const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-export-map]"));
if (link) { whenMapped((map) => place(link, map)); }

/**
 * Among the map's own controls, where the opened layer list pushes it down and does not lie under it.
 * @param {HTMLAnchorElement} link
 * @param {GridMap} map
 */
function place(link, map) {
  const start = link.href.split("?")[0];
  link.classList.add("leaflet-control", "leaflet-bar");
  one(".leaflet-top.leaflet-right", map.getContainer()).append(link);
  L.DomEvent.disableClickPropagation(link);
  link.addEventListener("click", () => { link.href = `${start}?${seen(map)}`; });
}

/** @param {GridMap} map */
function seen(map) {
  const bounds = map.getBounds(), day = new URLSearchParams(location.search).get("date");
  const scope = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((each) => each.toFixed(5)).join(",");
  const layers = overlaysOf(map).filter((overlay) => map.hasLayer(overlay)).map((overlay) => overlay.spec.name).join(",");
  const query = new URLSearchParams({ scope, layers, ...(day ? { date: day } : {}) });
  return query.toString().replace(/%2C/g, ",");
}

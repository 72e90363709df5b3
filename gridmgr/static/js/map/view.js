/* Where the map looks: at what its address says, else at what the page is about; the address keeps up with the reader. */

import { page } from "./page.js";

/** What the address says of the view; a file opened from disk may only change what stands behind the #. */
export function address() {
  return new URLSearchParams(page.inline ? location.hash.slice(1) : location.search);
}

/**
 * "37.8,112.5,15" as a place and a zoom; null for anything that is no place on the map.
 * @param {string | null} text
 * @returns {{ at: [number, number], zoom: number } | null}
 */
export function placeOf(text) {
  const [lat, lon, zoom] = (text || "").split(",").map(Number);
  const isPlace = text && Number.isFinite(lat) && Number.isFinite(lon) && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return isPlace ? { at: [lat, lon], zoom: Number.isFinite(zoom) ? zoom : 16 } : null;
}

/** @param {GridMap} map */
export function setView(map) {
  const asked = page.full ? placeOf(address().get("loc")) : null;
  if (asked) {
    map.setView(asked.at, asked.zoom);
  } else if (page.bounds) {
    map.fitBounds(page.bounds, { padding: [12, 12], maxZoom: 18, animate: false });
  } else {
    map.setView([35, 105], 9);
  }
}

/** @param {GridMap} map */
export function overlaysOf(map) {
  return map.gridmgr.groups.flatMap((group) => group.overlays);
}

/**
 * The layers that the address names are switched on, and no others.
 * @param {GridMap} map
 */
export function showAskedLayers(map) {
  const asked = page.full ? address().get("layers") : null;
  if (asked === null) { return; }
  const names = asked.split(",");
  for (const overlay of overlaysOf(map)) {
    if (names.includes(overlay.spec.name)) { overlay.addTo(map); } else { overlay.remove(); }
  }
}

/** @param {GridMap} map */
export function rememberView(map) {
  const centre = map.getCenter(), query = address(), overlays = overlaysOf(map);
  query.set("loc", [centre.lat.toFixed(5), centre.lng.toFixed(5), map.getZoom()].join(","));
  if (overlays.some((overlay) => overlay.startsOn !== map.hasLayer(overlay))) {
    query.set("layers", overlays.filter((each) => map.hasLayer(each)).map((each) => each.spec.name).join(","));
  } else {
    query.delete("layers");
  }
  history.replaceState(null, "", (page.inline ? "#" : "?") + query.toString().replace(/%2C/g, ","));
}

/* A click on the map: the topmost thing there tells about itself; what is counted comes nearer. */

import { POINT } from "./geometry.js";
import { openPopup } from "./popup.js";
import { BACKDROP_ORDER } from "./tiles.js";

/**
 * @param {GridMap} map
 * @param {L.LeafletMouseEvent} event
 */
export function choose(map, event) {
  const hit = hitAt(map, event.latlng);
  if (!hit) { return; }
  if (hit.feature.properties.n !== undefined && hit.feature.type === POINT) {
    map.setView(event.latlng, Math.min(map.getZoom() + 2, 17));
    return;
  }
  openPopup(map, hit.layer, hit.feature, event.latlng);
}

/**
 * @param {GridMap} map
 * @param {L.LatLng} latlng
 */
export function hitAt(map, latlng) {
  for (const group of [...map.gridmgr.groups].reverse()) {
    const hit = group.spec.order === BACKDROP_ORDER ? null : group.hitAt(latlng);
    if (hit) { return hit; }
  }
  return null;
}

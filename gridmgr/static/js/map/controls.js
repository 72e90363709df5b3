/* Boxes over the map. */

import { element } from "../dom.js";

const NOTICE_MS = 6000;

/**
 * @param {L.ControlPosition} position
 * @param {() => HTMLElement} build
 */
export function control(position, build) {
  const made = new L.Control({ position });
  made.onAdd = () => {
    const box = build();
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  return made;
}

/**
 * A word over the map that goes by itself; one at a time.
 * @param {GridMap} map
 * @param {string} words
 */
export function notice(map, words) {
  if (map.gridmgr.notice) { return; }
  const box = control("topleft", () => {
    const made = element("div", "map-notice", words);
    made.setAttribute("role", "status");
    return made;
  }).addTo(map);
  map.gridmgr.notice = box;
  window.setTimeout(() => { box.remove(); map.gridmgr.notice = null; }, NOTICE_MS);
}

/* The planner's page: what the server began it with, its form, and where the plan is now. */

import { byId, dataOf, one } from "../dom.js";
import { metres } from "../format.js";

/** @type {Start} */
export const start = dataOf("plan-start");
export const words = start.words;
export const form = /** @type {HTMLFormElement} */ (byId("plan-form"));
export const box = byId("plan");
export const CLOSE_ZOOM = 17; // from here on a footprint can be grabbed

/** What changes while somebody plans. */
export const plan = {
  /** The last answer. @type {Answer | null} */
  shown: null,
  /** Where the footprint is, as the server last said. @type {Standing | null} */
  at: null,
  version: start.version,
  nameTouched: false,
  /** Whether the last question was a tap on the map. */
  tapped: false,
};

/** The page's map, once it is there. @type {{ map: GridMap }} */
export const chart = { map: /** @type {GridMap} */ (/** @type {unknown} */ (null)) };

/** Where the footprint is, as a question. @returns {KerbPlace | null} */
export function here() {
  return plan.at && { road: plan.at.road, side: plan.at.side, metre: plan.at.metre };
}

/**
 * The button that does `name`.
 * @param {string} name
 */
export function button(name) { return /** @type {HTMLButtonElement} */ (one(`[data-do=${name}]`, box)); }

/**
 * The field of that name.
 * @param {string} name
 */
export function field(name) { return /** @type {HTMLInputElement} */ (form.elements.namedItem(name)); }

/** @param {number | string} value */
export function inMetres(value) { return metres(Number(value)); }

/**
 * A ring or a line as Leaflet takes it.
 * @param {[number, number][]} positions
 * @returns {L.LatLngTuple[]}
 */
export function latlngs(positions) { return positions.map(([lon, lat]) => [lat, lon]); }

const NOTE_MS = 5000;
const noteTimer = { id: 0 };

/**
 * A word on the map that goes by itself.
 * @param {string} text
 */
export function note(text) {
  const place = byId("plan-note");
  place.textContent = text;
  place.hidden = !text;
  window.clearTimeout(noteTimer.id);
  noteTimer.id = window.setTimeout(() => { place.hidden = true; }, NOTE_MS);
}

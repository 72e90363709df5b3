/* The search box on the map. */

import { ask } from "../ask.js";
import { element, pushButton } from "../dom.js";
import { control } from "./controls.js";
import { page } from "./page.js";

const WAIT_MS = 200, FOUND_AT_MOST = 12;

/** @param {GridMap} map */
export function addSearch(map) {
  control("topleft", () => {
    const box = element("div", "map-search leaflet-bar"), input = element("input"), list = element("ul", "map-search-results");
    input.type = "search";
    input.placeholder = page.words.search;
    input.setAttribute("aria-label", page.words.search);
    input.setAttribute("autocomplete", "off");
    list.hidden = true;
    let waiting = 0;
    input.addEventListener("input", () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(() => suggest(map, input, list), WAIT_MS);
    });
    input.addEventListener("keydown", (event) => {
      const first = list.querySelector("button");
      if (event.key === "Escape") { list.hidden = true; }
      if (event.key === "ArrowDown") { first?.focus(); }
      if (event.key === "Enter") { event.preventDefault(); first?.click(); }
    });
    box.append(input, list);
    return box;
  }).addTo(map);
}

/**
 * @param {GridMap} map
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 */
async function suggest(map, input, list) {
  const words = input.value.trim();
  if (!words) { list.hidden = true; return; }
  const found = page.inline ? findInline(map, words) : await findAtServer(words);
  if (!found || input.value.trim() !== words) { return; }
  list.replaceChildren(...found.map((each) => suggestion(map, each, list)));
  if (!found.length) { list.append(element("li", "map-search-nothing", page.words.nothing)); }
  list.hidden = false;
}

/**
 * What the server finds that has a place; null without an answer.
 * @param {string} words
 * @returns {Promise<Found[] | null>}
 */
async function findAtServer(words) {
  const response = await ask(`/search/suggest?${new URLSearchParams({ q: words })}`).catch(() => null);
  if (!response || !response.ok) { return null; }
  return (await response.json()).filter((/** @type {Found} */ each) => each.bbox || each.lon !== undefined);
}

/**
 * @param {GridMap} map
 * @param {string} words
 */
function findInline(map, words) {
  return [...map.gridmgr.groups].reverse().flatMap((group) => (group.source ? group.source.find(words) : [])).slice(0, FOUND_AT_MOST);
}

/**
 * @param {GridMap} map
 * @param {Found} found
 * @param {HTMLElement} list
 */
function suggestion(map, found, list) {
  const item = element("li");
  const button = pushButton("", "", () => {
    list.hidden = true;
    if (found.bbox) {
      const [west, south, east, north] = found.bbox;
      map.fitBounds([[south, west], [north, east]], { maxZoom: 18, padding: [40, 40] });
    } else {
      map.setView([Number(found.lat), Number(found.lon)], 18);
    }
  });
  button.append(element("span", "", found.title), element("small", "", found.subtitle || ""));
  item.append(button);
  return item;
}

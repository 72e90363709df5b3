/* A row of a register is given its place: by a click, by the crosshair, by keys, or by another road's offer. */

import { ask } from "../ask.js";
import { all, byId, dataOf, one, pushButton } from "../dom.js";
import { pinIcon } from "./icon.js";

const CLOSE = 17;

/**
 * @typedef {{ words: string, lat: number, lon: number, road: string, side: string, metre: number }} Place
 * @typedef {{ lat: number, lon: number, number?: string, words: string }} Spot
 */

/** @param {GridMap} map */
export function watchPin(map) {
  const page = byId("pin"), form = /** @type {HTMLFormElement} */ (byId("pin-form")), box = byId("pin-where");
  const cross = one(".where-cross", box), says = byId("pin-says"), others = byId("pin-others");
  /** @type {L.Marker | null} */
  let pin = null;
  let asked = 0;

  box.hidden = false;
  byId("pin-how").hidden = false;
  drawGiven(map, put);
  map.off("click"); // here a click says where, and opens nothing
  map.on("click", (event) => put(event.latlng));
  box.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
    if (!button) { return; }
    if (button.dataset.do === "aim") { aim(cross.hidden); } else { put(map.getCenter()); }
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.target !== map.getContainer()) { return; }
    if (event.key.startsWith("Arrow")) { aim(true); }
    if (event.key === "Enter") { event.preventDefault(); put(map.getCenter()); }
  });
  if (window.matchMedia("(pointer: coarse)").matches) { aim(true); }
  for (const field of all(".pin-metres input, .pin-metres select", form)) {
    field.addEventListener("input", () => { form.lon.value = form.lat.value = ""; });
  }

  /** @param {boolean} on */
  function aim(on) {
    cross.hidden = !on;
    one("[data-do=here]", box).hidden = !on;
    one("[data-do=aim]", box).setAttribute("aria-pressed", String(on));
  }

  /**
   * Where the place would be: the nearest kerb, in words, before anything is saved.
   * @param {L.LatLng} at
   */
  async function put(at) {
    const turn = ++asked;
    form.lon.value = at.lng.toFixed(6);
    form.lat.value = at.lat.toFixed(6);
    mark(at);
    for (const old of all(".pin-panel > .notice", page)) { old.remove(); } // what was wrong with the last attempt
    says.hidden = false;
    offer([]);
    says.classList.remove("bad");
    says.textContent = "…";
    try {
      const said = await placeOf(at);
      if (turn !== asked) { return; }
      /** @type {string[]} */
      const named = dataOf("pin-names") || [];
      const elsewhere = named.length && !named.some((name) => said.words.startsWith(`${name} `));
      says.textContent = elsewhere ? `${said.words} ! ${page.dataset.elsewhere}` : said.words;
      mark(L.latLng(said.lat, said.lon));
      offer(said.others || []);
      if (map.getZoom() < CLOSE) { map.setView([said.lat, said.lon], CLOSE); } // near enough to see which kerb it is
    } catch (error) {
      if (turn !== asked) { return; }
      says.classList.add("bad");
      says.textContent = error.message || page.dataset.failed;
    }
  }

  /** @param {L.LatLng} at */
  async function placeOf(at) {
    const query = new URLSearchParams({ lon: at.lng.toFixed(6), lat: at.lat.toFixed(6) });
    const response = await ask(`${page.dataset.where}?${query}`), said = await response.json();
    if (!response.ok) { throw new Error(said.error); }
    return said;
  }

  /**
   * Where another road may be meant: a tap takes that one's metre instead of the pin.
   * @param {Place[]} places
   */
  function offer(places) {
    others.hidden = !places.length;
    const choices = places.map((place) => pushButton("button quiet", place.words, () => {
      for (const name of /** @type {const} */ (["road", "side", "metre"])) {
        /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = String(place[name]);
      }
      form.lon.value = form.lat.value = "";
      says.textContent = place.words;
      mark(L.latLng(place.lat, place.lon));
      offer([]);
    }));
    others.replaceChildren(/** @type {Element} */ (others.firstElementChild), ...choices);
  }

  /** @param {L.LatLng} at */
  function mark(at) {
    if (pin) { pin.setLatLng(at); return; }
    pin = L.marker(at, { icon: pinIcon("●", false), zIndexOffset: 1000, interactive: false }).addTo(map);
  }
}

/**
 * What the row's words may mean: spots to choose from, and the roads that they name.
 * @param {GridMap} map
 * @param {(at: L.LatLng) => void} put
 */
function drawGiven(map, put) {
  for (const spot of /** @type {Spot[]} */ (dataOf("pin-spots") || [])) {
    L.marker([spot.lat, spot.lon], { icon: pinIcon(spot.number || "✓", Boolean(spot.number)), title: spot.words })
      .on("click", () => put(L.latLng(spot.lat, spot.lon))).addTo(map);
  }
  for (const line of /** @type {[number, number][][]} */ (dataOf("pin-lines") || [])) {
    const path = line.map(([lon, lat]) => /** @type {L.LatLngTuple} */ ([lat, lon]));
    L.polyline(path, { color: "#0b4f96", weight: 5, opacity: 0.55, interactive: false }).addTo(map);
  }
}

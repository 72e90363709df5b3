/* Suggested sites on the map: demand, who is served from where; demand drawn by hand; and how far the search has come. */

import { ask } from "./ask.js";
import { byId, dataOf, element, one, whenMapped } from "./dom.js";
import { lines } from "./lines.js";

const TAKEN_BACK_PX = 14; // a click this near to a drawn point takes it away
const NAMED_AT_MOST = 12;

/**
 * @typedef {[number, number]} At longitude, latitude
 * @typedef {object} Shown What the server gives to draw.
 * @property {Box} [bounds]
 * @property {{ from: At, to: At }[]} [ways]
 * @property {{ at: At, weight: number, left: number, why: string }[]} [demand]
 * @property {{ at: At, name: string, served: number, free: number }[]} [existing]
 * @property {{ at: At, n: number, name: string }[]} [chosen]
 */

const form = /** @type {HTMLFormElement} */ (byId("suggest-form"));
const points = field("points"), source = field("source");
const busy = byId("suggest-busy"), trouble = byId("suggest-trouble");
/** @type {Shown} */
let shown = dataOf("suggest-shown");
/** @type {[number, number, number][]} */
let drawn = [];
let answered = Boolean(shown.demand);
/** @type {GridMap | null} */
let map = null;
const marks = L.layerGroup(), plan = L.layerGroup();

whenMapped(begin);
form.addEventListener("submit", (event) => {
  points.value = source.value === "drawn" ? JSON.stringify(drawn) : "";
  if (!map || !window.ReadableStream) { return; }
  event.preventDefault();
  askServer(map);
});
window.addEventListener("pageshow", () => { busy.hidden = true; });
source.addEventListener("change", showDrawing);

/**
 * @param {string} name
 * @returns {HTMLInputElement}
 */
function field(name) { return /** @type {HTMLInputElement} */ (form.elements.namedItem(name)); }

/**
 * The answer line by line; whatever goes wrong on the way, the plain form is sent instead and the server says why.
 * @param {GridMap} map
 */
async function askServer(map) {
  const query = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  const button = /** @type {HTMLButtonElement} */ (one("button", form));
  showProgress(0, "");
  trouble.hidden = true;
  busy.hidden = false;
  button.disabled = true;
  const last = await lastLine(`${form.dataset.steps}?${query}`).catch(() => null);
  busy.hidden = true;
  button.disabled = false;
  if (last && last.trouble) { trouble.textContent = last.trouble; trouble.hidden = false; return; }
  if (!last || !last.html) { form.submit(); return; }
  byId("suggest-answer").innerHTML = last.html;
  shown = last.shown;
  answered = true;
  history.replaceState(null, "", `?${query}`);
  paint();
  show();
  if (shown.bounds) {
    const [west, south, east, north] = shown.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [24, 24] });
  }
}

/** @param {string} url */
async function lastLine(url) {
  const response = await ask(url, { headers: { Accept: "application/x-ndjson" } });
  if (!response.ok || response.redirected || !response.body) { return null; }
  let last = null;
  for await (const line of lines(response.body)) {
    last = line;
    if (line.share !== undefined) { showProgress(line.share, line.words); }
  }
  return last;
}

/**
 * @param {number} share
 * @param {string} words
 */
function showProgress(share, words) {
  /** @type {HTMLProgressElement} */ (one("progress", busy)).value = share;
  one("span", busy).textContent = words;
}

function showDrawing() {
  const on = source.value === "drawn", days = /** @type {HTMLElement} */ (field("days").closest(".field"));
  byId("suggest-drawing").hidden = !on;
  days.hidden = on;
  if (map) { map.getContainer().classList.toggle("plan-putting", on); paint(); }
}

/** @param {GridMap} made */
function begin(made) {
  map = made;
  try { drawn = JSON.parse(points.value || "[]"); } catch (_error) { drawn = []; }
  marks.addTo(made);
  plan.addTo(made);
  made.createPane("suggest").style.zIndex = "440";
  show();
  showDrawing();
  made.getContainer().addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (source.value !== "drawn" || target.closest(".leaflet-control, .leaflet-popup")) { return; }
    event.stopPropagation();
    draw(made, made.mouseEventToLatLng(event));
  }, true);
  byId("suggest-clear").addEventListener("click", () => { drawn = []; answered = false; paint(); });
}

/**
 * A point of demand comes, or the one that was there goes.
 * @param {GridMap} map
 * @param {L.LatLng} spot
 */
function draw(map, spot) {
  const at = map.latLngToContainerPoint(spot);
  const near = drawn.findIndex(([lon, lat]) => map.latLngToContainerPoint([lat, lon]).distanceTo(at) < TAKEN_BACK_PX);
  if (near >= 0) { drawn.splice(near, 1); } else { drawn.push([+spot.lng.toFixed(6), +spot.lat.toFixed(6), 1]); }
  answered = false; // from here on the map shows what will be asked next
  paint();
}

function paint() {
  marks.clearLayers();
  if (source.value !== "drawn" || answered) { return; }
  for (const [lon, lat] of drawn) {
    marks.addLayer(L.circleMarker([lat, lon], { pane: "suggest", radius: 8, className: "demand", interactive: false }));
  }
}

function show() {
  plan.clearLayers();
  for (const way of shown.ways || []) {
    plan.addLayer(L.polyline([flip(way.from), flip(way.to)], { pane: "suggest", className: "demand-way", interactive: false }));
  }
  for (const each of shown.demand || []) {
    dot(each.at, { radius: 4 + Math.sqrt(each.weight) * 2, className: each.left > 0 ? "demand unserved" : "demand" })
      .bindTooltip(element("span", "", each.left > 0 ? `✗ ${each.left} / ${each.weight} ${each.why}` : `✓ ${each.weight}`));
  }
  for (const each of shown.existing || []) {
    dot(each.at, { radius: 7, className: "existing-mark" }).bindTooltip(element("span", "", `${each.name} ${each.served}/${each.free}`));
  }
  const chosen = shown.chosen || [], permanent = chosen.length < NAMED_AT_MOST;
  for (const each of chosen) {
    dot(each.at, { radius: 11, className: "chosen-mark" })
      .bindTooltip(element("span", "", `${each.n} ${each.name}`), { permanent, direction: "top" });
  }
}

/** @param {At} at @returns {L.LatLngTuple} */
function flip([lon, lat]) { return [lat, lon]; }

/**
 * @param {At} at
 * @param {L.CircleMarkerOptions} style
 */
function dot(at, style) { return L.circleMarker(flip(at), { pane: "suggest", ...style }).addTo(plan); }
